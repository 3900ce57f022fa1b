// The bill of materials: filter as you type, quantities for N units.

const table = document.querySelector("[data-materials]");

if (table) {
  const lines = [...table.querySelectorAll("tr.line")].map((row) => ({ row, text: row.textContent.toLowerCase().replace(/\s+/g, " ") }));
  const filter = document.querySelector("[data-filter]");
  const count = document.querySelector("[data-count]");
  const empty = document.querySelector("[data-filter-empty]");
  const slide = document.querySelector("[data-units-slide]");
  const shown = document.querySelector("[data-units-shown]");
  const format = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

  const applyFilter = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const { row, text } of lines) {
      row.hidden = !words.every((word) => text.includes(word));
      left += !row.hidden;
    }
    for (const body of table.tBodies) body.hidden = !body.querySelector("tr.line:not([hidden])");
    count.textContent = words.length ? `${left} of ${lines.length} lines` : `${lines.length} line${lines.length === 1 ? "" : "s"}`;
    empty.hidden = left > 0;
    table.parentElement.hidden = left === 0;
  };
  filter.addEventListener("input", applyFilter);
  filter.form.addEventListener("submit", (event) => event.preventDefault());

  // The slider runs from 1 to 10 000 by even steps on a log scale, through round numbers.
  const roundTo = (value) => {
    if (value < 20) return Math.round(value);
    const step = 10 ** Math.floor(Math.log10(value)) / 2;
    return Math.round(value / step) * step;
  };
  const applyUnits = () => {
    const units = roundTo(10 ** (slide.value / 25));
    shown.textContent = format.format(units).replaceAll(",", "\u202f");
    for (const cell of table.querySelectorAll("[data-each]")) {
      const each = Number(cell.dataset.each);
      if (each && !cell.querySelector("span")) cell.textContent = format.format(each * units).replaceAll(",", "\u202f");
    }
  };
  slide.value = Math.round(25 * Math.log10(Number(table.dataset.units) || 1));
  slide.addEventListener("input", applyUnits);
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView({ block: "center" });
}
