// Pictures of two versions: a slider uncovers one over the other. Side by side and differences need no script.

for (const faces of document.querySelectorAll("[data-faces]")) {
  const slide = faces.querySelector(".wipe-slide input");
  const apply = () => faces.style.setProperty("--shown", `${100 - slide.value}%`);
  slide.addEventListener("input", apply);
  apply();
}
