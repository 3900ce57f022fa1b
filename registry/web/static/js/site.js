// Small comforts on every page; each page is whole without them.

const root = document.documentElement;

document.querySelector("[data-theme-switch]")?.addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch { /* not remembered */ }
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = document.querySelector("[data-slash]");
  if (field) { event.preventDefault(); field.focus(); field.select(); }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.classList.add("done");
  const said = button.getAttribute("aria-label");
  button.setAttribute("aria-label", "Copied");
  setTimeout(() => { button.classList.remove("done"); button.setAttribute("aria-label", said); }, 1500);
});

// Who has logged out leaves no pages of a workshop in this browser.
if (document.querySelector('.site-nav a[href="/login"]')) globalThis.caches?.delete("brickyard-dashboard").catch(() => { /* there were none */ });

document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-go]")) event.target.form.submit();
});

// Filter a list of cards as one types.
document.addEventListener("input", (event) => {
  const list = document.getElementById(event.target.dataset?.filterCards);
  if (!list) return;
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const card of list.children) card.hidden = !words.every((word) => card.textContent.toLowerCase().includes(word));
  const none = document.querySelector("[data-filter-cards-empty]");
  if (none) none.hidden = [...list.children].some((card) => !card.hidden);
});

// On a phone the tabs move sideways: show the one that is open.
for (const tabs of document.querySelectorAll(".tabs")) {
  const open = tabs.querySelector("[aria-current]");
  if (open) tabs.scrollLeft = open.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - open.offsetWidth) / 2;
}

const SPANS = [[31536000, "year"], [2592000, "month"], [604800, "week"], [86400, "day"], [3600, "hour"], [60, "minute"]];

function refreshTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const gone = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (gone < -60) continue;
    const span = SPANS.find(([length]) => gone >= length);
    const count = span && Math.floor(gone / span[0]);
    const text = span ? `${count} ${span[1]}${count === 1 ? "" : "s"} ago` : "just now";
    if (time.textContent !== text) time.textContent = text;
  }
}
setInterval(refreshTimes, 30_000);

// 3D: the button in front of the still loads the viewer, then the model.
async function turnIn3D(stage) {
  const button = stage.querySelector(".start");
  const told = Object.assign(document.createElement("p"), { className: "told", textContent: "Loading the model…" });
  told.setAttribute("role", "status");
  button.hidden = true;
  stage.append(told);
  try {
    await import(stage.dataset.script);
  } catch {
    told.textContent = "The 3D viewer could not be loaded.";
    button.hidden = false;
    return;
  }
  const viewer = document.createElement("model-viewer");
  for (const [name, value] of Object.entries({
    src: stage.dataset.glb, alt: `3D model of ${stage.dataset.title}`, "camera-controls": "", "touch-action": "pan-y",
    "shadow-intensity": "0.6", "interaction-prompt": "none", exposure: "0.85", "environment-image": "neutral",
    "camera-orbit": "25deg 50deg auto",
  })) viewer.setAttribute(name, value);
  viewer.addEventListener("load", () => {
    stage.querySelector("img")?.remove();
    told.textContent = "Drag to turn, scroll or pinch to zoom";
    setTimeout(() => told.remove(), 4000);
    stage.dataset.state = "shown";
    viewer.focus();
  });
  viewer.addEventListener("error", () => {
    viewer.remove();
    button.hidden = false;
    told.textContent = "This model could not be shown here: download it instead.";
    stage.dataset.state = "failed";
  });
  stage.prepend(viewer);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".stage3d .start");
  const stage = button?.closest(".stage3d");
  if (!stage || stage.dataset.state === "failed") return;
  event.preventDefault();
  turnIn3D(stage);
});

// Long lists of boxes: all of them at once, or none.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-tick]");
  if (!button) return;
  const boxes = [...button.form.querySelectorAll(`input[type=checkbox][name="${button.dataset.tick}"]`)];
  const all = boxes.some((box) => !box.checked);
  for (const box of boxes) box.checked = all;
  button.textContent = all ? "Tick none" : "Tick all";
});
