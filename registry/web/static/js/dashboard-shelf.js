// What this browser keeps of the dashboard, so that it opens again and goes on while the network is away.

const SHELF = "brickyard-dashboard";
const AGAIN_AFTER_MS = 300_000;
const can = () => "serviceWorker" in navigator && "caches" in globalThis;

// Whether a page can be opened without a network.
export async function isKept(address) {
  return can() && Boolean(navigator.serviceWorker.controller && await caches.match(address.split("#")[0], { ignoreVary: true }));
}

async function keep(shelf, address) {
  const answer = await fetch(address, { headers: { Accept: "text/html,*/*" } });
  if (answer.ok && !answer.redirected) await shelf.put(address, answer);
}

// Keep the pages at some addresses, with what this page is made of; again only after some minutes.
export async function keepPages(addresses, mark) {
  if (!can()) return;
  await navigator.serviceWorker.register("/fabricators/dashboard-worker.js");
  if (Date.now() - Number(sessionStorage.getItem(mark) ?? 0) < AGAIN_AFTER_MS) return;
  sessionStorage.setItem(mark, Date.now());
  const shelf = await caches.open(SHELF);
  const things = performance.getEntriesByType("resource").map((one) => one.name)
    .filter((name) => name.startsWith(location.origin) && /\.(js|css|woff2|svg|webp|png)$/.test(name));
  for (const old of await shelf.keys()) {
    if (old.url.startsWith(`${location.origin}/static/`) && !things.includes(old.url)) await shelf.delete(old);
  }
  for (const name of things) if (!await shelf.match(name, { ignoreVary: true })) await keep(shelf, name);
  for (const address of addresses) await keep(shelf, address);
}
