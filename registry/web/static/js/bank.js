// A treasurer's queue by keys: j and k go, Enter opens, 1 to 9 choose what a booking is. Whole without it.

const items = [...document.querySelectorAll(".mail-item")];
const choices = [...document.querySelectorAll(".decide input[type=radio]")];

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=radio]), textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if ((event.key === "j" || event.key === "k") && items.length) {
    const now = items.includes(document.activeElement) ? document.activeElement : document.querySelector(".mail-item[aria-current]");
    const place = items.indexOf(now);
    const next = items[place < 0 ? 0 : Math.min(items.length - 1, Math.max(0, place + (event.key === "j" ? 1 : -1)))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  } else if (choices[event.key - 1]) {
    choices[event.key - 1].checked = true;
    document.getElementById("f-why").focus();
  } else return;
  event.preventDefault();
});
