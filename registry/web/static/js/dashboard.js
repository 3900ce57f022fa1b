// The dashboard: looks every few seconds for what is new, moves jobs by drag or keys, and keeps what could not be sent
// until the network is back. Every page is whole without it.

import { isKept, keepPages } from "./dashboard-shelf.js";

const dash = document.querySelector("[data-dashboard]");
const slug = dash.dataset.dashboard;
const address = `/api/v1/fabricators/${slug}/dashboard`;
const acts = "acts" in dash.dataset;
const store = `brickyard.waiting.${slug}.${dash.dataset.person}`;
const wire = document.getElementById("wire");
const toldList = document.getElementById("told");
const LOOK_EVERY_MS = 4000;
let etag = `W/"${dash.dataset.stamp}"`;
let away = !navigator.onLine;
let sending = false;

// --- what waits to be sent: kept in this browser, sent in order, each once under its own key

const waiting = () => { try { return JSON.parse(localStorage.getItem(store)) ?? []; } catch { return []; } };
const keep = (list) => { try { localStorage.setItem(store, JSON.stringify(list)); } catch { /* kept by this page alone */ } };
const newKey = () => (crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(36).slice(2)}`);

function tell(text, tone = "red", remedy = "") {
  const item = document.createElement("li");
  item.className = `note ${tone}`;
  item.setAttribute("role", tone === "red" ? "alert" : "status");
  const words = document.createElement("div");
  for (const part of [text, remedy]) if (part) words.append(Object.assign(document.createElement("p"), { textContent: part }));
  const close = Object.assign(document.createElement("button"), { className: "button plain", textContent: "Seen", type: "button" });
  close.addEventListener("click", () => item.remove());
  item.append(words, close);
  toldList.prepend(item);
  if (tone !== "red") setTimeout(() => item.remove(), 6000);
  while (toldList.children.length > 5) toldList.lastElementChild.remove();
}

const counted = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

function showWire() {
  const list = waiting();
  const moves = list.filter((one) => one.path === "/moves").length;
  const messages = list.filter((one) => one.path === "/messages").length;
  const rest = list.length - moves - messages;
  const words = [moves && counted(moves, "move"), messages && counted(messages, "message"), rest && counted(rest, "change")].filter(Boolean).join(" and ");
  wire.hidden = !away && !list.length;
  if (away) wire.textContent = words ? `Offline: ${words} wait${list.length === 1 ? "s" : ""}. Sent when the network is back.` : "Offline. What you see may be old; what you do is kept and sent later.";
  else if (list.length) wire.textContent = `Sending ${words}.`;
  for (const job of document.querySelectorAll(".job")) job.classList.toggle("waiting", list.some((one) => one.body.job === Number(job.dataset.job)));
}

function later(path, body, label) {
  keep([...waiting(), { path, body: { ...body, key: newKey() }, label }]);
  showWire();
  flush();
}

async function post(path, body) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 10_000);
  try {
    return await fetch(address + path, {
      method: "POST", body: JSON.stringify(body), signal: stop.signal,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": dash.dataset.token },
    });
  } finally { clearTimeout(timer); }
}

async function sendAll() {
  let acted = false;
  for (let next = waiting()[0]; next; next = waiting()[0]) {
    let answer;
    try { answer = await post(next.path, next.body); } catch { away = true; break; }
    away = false;
    if (answer.status === 401 || answer.status === 400) { tell(`${next.label} waits: log in again, in another window if you like.`, "red"); break; }
    if (answer.status === 429 || answer.status >= 500) break;
    const said = await answer.json().catch(() => ({}));
    keep(waiting().filter((one) => one.body.key !== next.body.key));
    acted = true;
    if (answer.ok) tell(said.repeated ? `${said.said} It had arrived before.` : said.said, "moss");
    else tell(`${next.label} was refused. ${said.detail ?? ""}`, "red", said.remedy);
  }
  return acted;
}

async function flush() {
  if (sending || !waiting().length) return;
  sending = true;
  try {
    // one window of this browser sends at a time
    const acted = await (navigator.locks ? navigator.locks.request(store, sendAll) : sendAll());
    if (acted) await look(true);
  } finally { sending = false; showWire(); }
}

// --- looking for what is new: the server answers 304 as long as nothing has changed

// what somebody holds or has open isn't taken from under their hands: the look after it shows what is new
let [pressed, dragging] = [false, false];
addEventListener("pointerdown", () => { [pressed, dragging] = [true, false]; }, true);
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { pressed = false; }, true);
addEventListener("pointermove", (event) => { if (!event.buttons) pressed = false; }, true); // let go outside the window
const busy = () => pressed || dragging || document.querySelector("dialog[open]");

const stops = (room) => [...room.querySelectorAll("a[href], button, summary, [tabindex]")];

function renew(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  // what has the focus, as its place within the nearest thing that has a name: the new one is focused again
  const room = document.activeElement?.closest(".job, .machine, [id]");
  const focused = room?.id;
  const place = room ? stops(room).indexOf(document.activeElement) : -1;
  const told = document.activeElement?.getAttribute("value");
  for (const old of document.querySelectorAll("[data-live]")) {
    const part = fresh.getElementById(old.id);
    if (!part || old.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) continue;
    const [left, top] = [old.scrollLeft, old.scrollTop];
    const now = document.importNode(part, true);
    for (const field of old.querySelectorAll("form:not([data-sent]) :is(input, textarea)[id]")) { // half a form is kept
      const same = field.value !== field.defaultValue && now.querySelector(`#${field.id}`);
      if (same) same.value = field.value;
    }
    old.replaceWith(now);
    now.scrollLeft = left; now.scrollTop = top;
  }
  const now = focused && document.getElementById(focused);
  const same = now && place >= 0 ? stops(now)[place] : now;
  const again = now?.matches(".job") && same?.getAttribute("value") !== told ? now.querySelector(".job-open") : same;
  if (again && document.activeElement === document.body) again.focus({ preventScroll: true });
  placeWaiting();
  showMachines();
}

async function look(now = false) {
  if (!now && (document.hidden || busy())) return;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 8000);
  try {
    const answer = await fetch(location.pathname + location.search, {
      headers: { "HX-Request": "true", "If-None-Match": now ? "" : etag, Accept: "text/html" }, signal: stop.signal, cache: "no-store",
    });
    away = false;
    if (answer.status === 200) {
      const html = await answer.text();
      if (busy()) return;
      etag = answer.headers.get("ETag") ?? etag;
      renew(html);
    }
  } catch { away = true; } finally { clearTimeout(timer); showWire(); }
  if (!away) flush();
}
setInterval(look, LOOK_EVERY_MS);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
addEventListener("online", () => look());
addEventListener("offline", () => { away = true; showWire(); });

// --- moving jobs

const ACTIONS = { open: "open", filled: "begin early", closed: "close", cancelled: "cancel" };
const title = (job) => job.querySelector("strong").textContent;

function placeWaiting() {
  for (const one of waiting()) {
    const job = one.path === "/moves" && document.getElementById(`job-${one.body.job}`);
    const column = job && document.querySelector(`.col[data-state="${one.to}"] > ol`);
    if (column && job.parentElement !== column) column.prepend(job);
  }
  showWire();
}

function move(job, to, why = "") {
  const was = job.dataset.state;
  if (to === was || !job.hasAttribute("data-moves")) return;
  const column = document.querySelector(`.col[data-state="${to}"]`);
  const name = column?.querySelector("h2").firstChild.textContent.trim() ?? to;
  const label = `${title(job)}, batch ${job.dataset.job}, to '${name}'`;
  const number = Number(job.dataset.job);
  if (waiting().some((one) => one.path === "/moves" && one.body.job === number)) { tell(`Batch ${number} has a move that waits already.`, "amber"); return; }
  keep([...waiting(), { path: "/moves", to, label, body: { job: number, action: ACTIONS[to] ?? to, was, why, key: newKey() } }]);
  placeWaiting();
  document.getElementById(`job-${number}`)?.querySelector(".job-open")?.focus();
  flush();
}

// --- machines and a job's own page are kept in the same way; other forms stay filled in until the network is back

function showMachines() {
  for (const one of waiting()) {
    const form = one.path.startsWith("/machines/") && document.querySelector(`form[data-machine="${one.path.slice(10)}"]`);
    if (!form) continue;
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", button.value === one.body.status);
    form.closest(".machine").classList.add("waiting");
  }
}

function keptForm(form, button) {
  const field = (name) => form.elements[name]?.value.trim() ?? "";
  if (form.dataset.machine) {
    const name = form.closest(".machine").querySelector("strong").textContent;
    later(`/machines/${form.dataset.machine}`, { status: button.value }, name);
    showMachines();
  } else if (form.id === "move" && button?.value) {
    const job = Number(field("job"));
    if (waiting().some((one) => one.path === "/moves" && one.body.job === job)) tell(`Batch ${job} has a move that waits already.`, "amber");
    else later("/moves", { job, action: ACTIONS[button.value] ?? button.value, was: field("was"), why: field("why") }, `Batch ${job}${field("why") && `, '${field("why")}',`}`);
    form.dataset.sent = "";
  } else if (form.id === "count") {
    const numbers = Object.fromEntries(["good", "scrap", "rework"].map((name) => [name, Number(field(name))]));
    const told = [["good", "good"], ["scrap", "scrap"], ["rework", "done again"]].filter(([name]) => numbers[name]).map(([name, said]) => `${numbers[name]} ${said}`);
    const label = `Batch ${form.dataset.job}, ${told.join(", ") || "no count"}${field("why") && `, '${field("why")}'`},`;
    later("/counts", { job: Number(form.dataset.job), stage: field("stage"), ...numbers, why: field("why") }, label);
    form.reset();
  } else return false;
  return true;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || "answer" in form.dataset || !form.closest(".dash")) return;
  if (acts && keptForm(form, event.submitter)) event.preventDefault();
  else if (away || !navigator.onLine) {
    event.preventDefault();
    tell("Offline: this can't be kept for later.", "amber", "What you wrote stays here. Send it when the network is back.");
  }
});
// whether a click takes this page away: not a download, a new tab, or a place on the page itself
function leaves(event, link) {
  const elsewhere = event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || link.hasAttribute("download");
  const tab = link.target && link.target !== "_self";
  return !event.defaultPrevented && !elsewhere && !tab && !link.getAttribute("href").startsWith("#");
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || !(away || !navigator.onLine) || !leaves(event, link)) return;
  event.preventDefault(); // an empty error page in its place would have nothing to go on with
  isKept(link.href).then((kept) => {
    if (kept) location.assign(link.href);
    else tell("Offline: this page can't be opened now.", "amber", "The one you are on stays, and what you do here is kept.");
  });
});

let chosen = null;
const dialog = document.getElementById("move-dialog");

function ask(job) {
  chosen = job;
  dialog.querySelector("h2").textContent = `Move ${title(job)}, batch ${job.dataset.job}`;
  const states = [...dialog.querySelectorAll("[data-to]")];
  const here = states.findIndex((button) => button.dataset.to === job.dataset.state);
  states.forEach((button, place) => {
    button.classList.toggle("here", place === here);
    button.classList.toggle("best", place === here + 1);
  });
  dialog.querySelector("input").value = "";
  dialog.showModal();
  (states[here + 1] ?? states[0]).focus();
}

dialog?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-to]");
  if (event.target === dialog) dialog.close();
  if (!button) return;
  const why = dialog.querySelector("input").value;
  dialog.close();
  move(chosen, button.dataset.to, why);
});
dialog?.addEventListener("keydown", (event) => {
  if (event.target.matches("input")) { if (event.key === "Enter") { event.preventDefault(); dialog.querySelector(".best")?.click(); } return; }
  const button = [...dialog.querySelectorAll("[data-to]")].find((one) => one.querySelector("kbd").textContent === event.key);
  if (button) { event.preventDefault(); button.click(); }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  if (button) ask(button.closest(".job"));
  const next = event.target.closest(".job-do .next");
  if (next && acts) { event.preventDefault(); move(next.closest(".job"), next.value.split(":")[2]); }
});

document.addEventListener("dragstart", (event) => {
  const job = event.target.closest?.(".job[draggable]");
  if (!job) return;
  chosen = job;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", job.dataset.job);
  dragging = true;
  setTimeout(() => job.classList.add("dragged"));
});
document.addEventListener("dragend", () => {
  dragging = false;
  for (const one of document.querySelectorAll(".dragged, .col.over")) one.classList.remove("dragged", "over");
});
document.addEventListener("dragover", (event) => {
  const column = event.target.closest?.(".col");
  for (const one of document.querySelectorAll(".col.over")) if (one !== column) one.classList.remove("over");
  if (!column || !chosen?.classList.contains("dragged")) return;
  event.preventDefault();
  column.classList.add("over");
});
document.addEventListener("drop", (event) => {
  const column = event.target.closest?.(".col");
  if (!column || !chosen?.classList.contains("dragged")) return;
  event.preventDefault();
  dragging = false;
  chosen.classList.remove("dragged");
  move(chosen, column.dataset.state);
});

// --- keys

const help = document.getElementById("keys");
const VIEWS = { b: "", i: "/inbox", w: "/weeks", t: "/buy", m: "/machines", y: "/money", f: "/figures" };
let going = 0;

function go(key) {
  const link = key in VIEWS && document.querySelector(`.dash-rail nav a[href="/fabricators/${slug}/dashboard${VIEWS[key]}"]`);
  link?.click?.();
  return Boolean(link);
}

function machineKey(key) {
  const forms = [...document.querySelectorAll(".machine form")];
  const own = document.activeElement?.closest(".machine form");
  if (key === "j" || key === "k") {
    const place = forms.indexOf(own);
    const form = forms[place < 0 ? 0 : Math.min(forms.length - 1, Math.max(0, place + (key === "j" ? 1 : -1)))];
    (form.querySelector("[aria-pressed=true]") ?? form.querySelector("button")).focus();
  } else if (own && "123".includes(key)) {
    const button = own.querySelectorAll("button")[key - 1];
    button.focus();
    button.click();
  } else return false;
  return true;
}

document.querySelector("[data-keys]")?.addEventListener("click", () => help.showModal());
help?.querySelector("[data-close]").addEventListener("click", () => help.close());

function step(list, by) {
  const place = list.indexOf(document.activeElement);
  const next = list[place < 0 ? 0 : Math.min(list.length - 1, Math.max(0, place + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select, dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
  const job = document.activeElement?.closest(".job");
  const threads = [...document.querySelectorAll(".mail-item")];
  const cards = [...(job?.closest(".col") ?? document).querySelectorAll(".job-open")];
  const key = { ArrowDown: job ? "j" : "", ArrowUp: job ? "k" : "", ArrowLeft: job ? "h" : "", ArrowRight: job ? "l" : "" }[event.key] ?? event.key;
  if (going > Date.now() - 2000 && !(going = 0) && go(event.key)) return event.preventDefault();
  going = event.key === "g" ? Date.now() : 0;
  if (going) return;
  if (event.key === "?" && help) help.showModal();
  else if (document.querySelector(".machine form") && machineKey(key)) ;
  else if (key === "n" && job?.querySelector(".next")) job.querySelector(".next").click();
  else if (key === "j" || key === "k") step(threads.length ? threads : cards, key === "j" ? 1 : -1);
  else if ((key === "h" || key === "l") && document.getElementById("board")) {
    const columns = [...document.querySelectorAll(".col")].filter((one) => one.querySelector(".job-open"));
    const place = columns.indexOf(job?.closest(".col"));
    const next = columns[place < 0 ? 0 : Math.min(columns.length - 1, Math.max(0, place + (key === "l" ? 1 : -1)))];
    next?.querySelector(".job-open").focus();
  } else if (key === "m" && job?.hasAttribute("data-moves") && dialog) ask(job);
  else if (key === "r" && document.getElementById("f-text")) document.getElementById("f-text").focus();
  else if (key === "c" && document.getElementById("f-good")) document.getElementById("f-good").focus();
  else return;
  event.preventDefault();
});

// --- answers

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-answer]");
  if (!form) return;
  event.preventDefault();
  const field = form.elements.text;
  const text = field.value.trim();
  if (!text) return;
  later("/messages", { thread: form.dataset.answer, text }, "Your answer");
  const list = document.querySelector("#words .words") ?? document.getElementById("words");
  const item = Object.assign(document.createElement("li"), { className: "fabricator mine waiting" });
  item.append(Object.assign(document.createElement("p"), { className: "told", textContent: text }));
  if (list.matches("ol")) list.append(item);
  field.value = "";
});

const rail = document.querySelector(".dash-rail nav");
const current = rail?.querySelector("[aria-current]");
if (current) rail.scrollLeft = current.offsetLeft - (rail.clientWidth - current.offsetWidth) / 2;

placeWaiting();
showMachines();
flush();
performance.mark("dashboard-ready");
setTimeout(() => keepPages([...document.querySelectorAll(".dash-rail nav a")].map((one) => one.href), store).catch(() => { /* another time */ }), 1500);
