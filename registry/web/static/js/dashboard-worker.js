// Serves the dashboard's pages from what this browser keeps of them while the network is away. The network comes first.

const SHELF = "brickyard-dashboard";
const PAGES = /^\/fabricators\/[^/]+\/dashboard(\/|$)/;
const PATIENCE_MS = 10_000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const kept = async (request) => await caches.match(request.url.split("#")[0], { ignoreVary: true });
const patience = () => new Promise((_, fail) => setTimeout(() => fail(new Error("too slow")), PATIENCE_MS));

async function page(request) {
  let answer;
  try { answer = await Promise.race([fetch(request), patience()]); } catch { return (await kept(request)) ?? Response.error(); }
  if (answer.ok) (await caches.open(SHELF)).put(request.url.split("#")[0], answer.clone());
  else if (answer.status === 401 || answer.status === 403) await caches.delete(SHELF); // no longer this person's to see
  return answer;
}

async function thing(request) {
  try { return await fetch(request); } catch { return (await kept(request)) ?? Response.error(); }
}

self.addEventListener("fetch", (event) => {
  const { method, mode, destination, url } = event.request;
  const place = new URL(url);
  if (method !== "GET" || place.origin !== location.origin) return;
  if (mode === "navigate" && PAGES.test(place.pathname)) event.respondWith(page(event.request));
  else if (mode !== "navigate" && (place.pathname.startsWith("/static/") || destination === "image")) event.respondWith(thing(event.request));
});
