// The board viewer: layers as coloured masks in one world that is moved and scaled; parts and findings as marks on it.

const SVG = "http://www.w3.org/2000/svg";
const PADDING = 40;

function element(name, values = {}, ...children) {
  const node = document.createElement(name);
  Object.assign(node, values);
  node.append(...children);
  return node;
}

async function sizeOf(url) {
  const text = await (await fetch(url)).text();
  const box = /viewBox="([^"]+)"/.exec(text)?.[1].trim().split(/[\s,]+/).map(Number);
  if (!box || box.length !== 4) throw new Error("no viewBox");
  return { width: box[2], height: box[3] };
}

class Bench {
  constructor(root, data, size) {
    Object.assign(this, { root, data, size, side: "top", scale: 1, x: 0, y: 0, pointers: new Map() });
    this.canvas = root.querySelector(".canvas");
    this.world = root.querySelector(".world");
    this.told = root.querySelector(".told");
    this.makeLayers();
    this.makeMarks();
    this.makeLists();
    this.listen();
    this.order();
    this.fit();
    root.dataset.state = "shown";
  }

  makeLayers() {
    const list = this.root.querySelector(".layers");
    this.layers = this.data.layers.map((layer) => {
      const picture = element("div", { className: "layer" });
      picture.style.backgroundColor = layer.colour;
      const box = element("input", { type: "checkbox", checked: layer.shown });
      const swatch = element("span", { className: "swatch" });
      swatch.style.backgroundColor = layer.colour;
      const entry = { ...layer, picture, box };
      box.addEventListener("change", () => this.show(entry));
      list.append(element("li", {}, element("label", {}, box, element("span", { textContent: layer.name }), swatch)));
      this.world.append(picture);
      this.show(entry);
      return entry;
    });
  }

  show(layer) {
    // A layer's picture is fetched when it is first switched on.
    if (layer.box.checked) layer.picture.style.setProperty("--shape", `url("${layer.url}")`);
    layer.picture.hidden = !layer.box.checked;
  }

  makeMarks() {
    this.marks = document.createElementNS(SVG, "svg");
    this.marks.setAttribute("class", "marks");
    this.marks.setAttribute("viewBox", `0 0 ${this.size.width} ${this.size.height}`);
    this.world.append(this.marks);
    this.findings = this.data.findings.map((finding) => this.mark(finding, finding.level === "error" ? "#ff91a8" : "#e2b063"));
    this.spot = this.mark({ x: -1e4, y: -1e4 }, "#ffffff");
  }

  mark(place, colour) {
    const ring = document.createElementNS(SVG, "circle");
    for (const [name, value] of Object.entries({ cx: place.x, cy: place.y, r: 1, fill: "none", stroke: colour, "vector-effect": "non-scaling-stroke", "stroke-width": 2 })) {
      ring.setAttribute(name, value);
    }
    this.marks.append(ring);
    return ring;
  }

  makeLists() {
    const findings = this.root.querySelector(".findings-list");
    this.findingButtons = this.data.findings.map((finding, index) => {
      const button = element("button", { type: "button" }, element("span", { textContent: finding.text }), element("span", { className: "quiet", textContent: finding.about }));
      button.style.flexDirection = "column";
      button.style.gap = "0";
      button.addEventListener("click", () => { this.goTo(finding); this.chooseFinding(index); });
      findings?.append(element("li", {}, button));
      return button;
    });
    const parts = this.root.querySelector(".parts-list");
    this.partRows = this.data.parts.map((part) => {
      const button = element("button", { type: "button" }, element("b", { textContent: part.name }), element("span", { className: "quiet", textContent: part.value }));
      button.addEventListener("click", () => this.showPart(part));
      const row = element("li", {}, button, ...this.lineOf(part));
      parts?.append(row);
      return { part, row, button, text: `${part.name} ${part.value}`.toLowerCase() };
    });
    this.root.querySelector("aside input[type=search]")?.addEventListener("input", (event) => {
      const word = event.target.value.trim().toLowerCase();
      for (const { row, text } of this.partRows) row.hidden = !text.includes(word);
    });
  }

  // The address may name a part (#R1) or a place in the board's own coordinates (#at=12.5,40, in mm).
  showWanted() {
    const wanted = decodeURIComponent(location.hash.slice(1));
    const part = this.partRows.find((row) => row.part.name === wanted)?.part;
    const at = /^at=(-?[\d.]+),(-?[\d.]+)$/.exec(wanted);
    if (part) this.showPart(part);
    else if (at && this.data.origin) this.showPlace({ x: at[1] - this.data.origin.x, y: at[2] - this.data.origin.y });
  }

  showPlace(place) {
    this.goTo(place);
    const index = this.data.findings.findIndex(({ x, y }) => Math.hypot(x - place.x, y - place.y) < 0.01);
    if (index >= 0) this.chooseFinding(index);
    else this.tell(`${(place.x + this.data.origin.x).toFixed(2)}, ${(place.y + this.data.origin.y).toFixed(2)} mm`);
  }

  // The way to a part's line of the bill, if it is on one.
  lineOf(part) {
    const { materials } = this.root.dataset;
    if (!materials || !part.line) return [];
    const link = element("a", { href: `${materials}#line-${part.line}`, textContent: "In materials" });
    link.setAttribute("aria-label", `${part.name} in materials`);
    return [link];
  }

  choose(button) {
    this.root.querySelector(".pins [aria-current]")?.removeAttribute("aria-current");
    for (const ring of this.findings) ring.setAttribute("stroke-width", 2);
    if (!button) return;
    button.setAttribute("aria-current", "true");
    // The list moves, not the page: on a phone the picture would go out of sight.
    const list = button.closest(".pins");
    const { top, bottom } = list.getBoundingClientRect();
    const box = button.getBoundingClientRect();
    if (box.top < top) list.scrollTop -= top - box.top;
    else if (box.bottom > bottom) list.scrollTop += box.bottom - bottom;
  }

  chooseFinding(index) {
    this.tell(this.data.findings[index].text);
    this.choose(this.findingButtons[index]);
    this.findings[index].setAttribute("stroke-width", 4);
  }

  choosePart(part) {
    this.tell(`${part.name} ${part.value}`, this.lineOf(part));
    this.choose(this.partRows.find((row) => row.part === part)?.button);
    history.replaceState(null, "", `#${encodeURIComponent(part.name)}`);
  }

  tell(words, links = []) { this.told.replaceChildren(words, ...links); }

  showPart(part) {
    if (part.side !== this.side && (part.side === "top" || part.side === "bottom")) this.flip(part.side);
    this.goTo(part);
    this.choosePart(part);
  }

  goTo(place) {
    this.scale = Math.max(this.scale, this.fitted * 3);
    const at = this.mirrored(place.x);
    this.x = this.canvas.clientWidth / 2 - at * this.scale;
    this.y = this.canvas.clientHeight / 2 - place.y * this.scale;
    this.point(place);
    this.draw();
  }

  point(place) {
    this.spot.setAttribute("cx", place.x);
    this.spot.setAttribute("cy", place.y);
  }

  mirrored(x) { return this.side === "bottom" ? this.size.width - x : x; }

  flip(side) {
    this.side = side;
    for (const button of this.root.querySelectorAll("[data-side]")) button.setAttribute("aria-pressed", String(button.dataset.side === side));
    const other = side === "top" ? "bottom" : "top";
    for (const layer of this.layers) {
      // What was on for one side comes on for the other: copper with copper, print with print.
      const twin = this.layers.find((entry) => entry.kind === layer.kind && entry.side === other);
      if (layer.side === side && twin) { [layer.box.checked, twin.box.checked] = [twin.box.checked, false]; this.show(layer); this.show(twin); }
    }
    this.order();
    this.draw();
  }

  order() {
    // Near layers over far ones: paint from the far side of the board to the near one.
    const depth = { paste: 5, silkscreen: 4, mask: 3, copper: 2, outline: 6 };
    for (const layer of this.layers) {
      const near = layer.side === this.side ? 20 : layer.side === "inner" ? 10 : layer.side === "both" ? 30 : 0;
      layer.picture.style.zIndex = near + (depth[layer.kind] ?? 1);
      layer.picture.style.opacity = layer.kind === "mask" ? 0.35 : layer.kind === "copper" && near < 20 ? 0.75 : 0.92;
    }
    this.marks.style.zIndex = 60;
  }

  fit() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.fitted = Math.max(0.01, Math.min((width - PADDING) / this.size.width, (height - PADDING * 2.6) / this.size.height));
    this.scale = this.fitted;
    this.x = (width - this.size.width * this.scale) / 2;
    this.y = (height + PADDING - this.size.height * this.scale) / 2;
    this.draw();
  }

  zoom(factor, cx = this.canvas.clientWidth / 2, cy = this.canvas.clientHeight / 2) {
    const scale = Math.min(this.fitted * 40, Math.max(this.fitted / 2, this.scale * factor));
    this.x = cx - (cx - this.x) * (scale / this.scale);
    this.y = cy - (cy - this.y) * (scale / this.scale);
    this.scale = scale;
    this.draw();
  }

  draw() {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      const style = this.world.style;
      style.width = `${this.size.width * this.scale}px`;
      style.height = `${this.size.height * this.scale}px`;
      style.transform = this.side === "bottom"
        ? `translate(${this.x + this.size.width * this.scale}px, ${this.y}px) scaleX(-1)` : `translate(${this.x}px, ${this.y}px)`;
      for (const ring of [...this.findings, this.spot]) ring.setAttribute("r", 9 / this.scale);
    });
  }

  listen() {
    const { canvas, pointers } = this;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      if (event.target.closest(".bar, a")) return;
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, event);
      this.moved = 0;
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      this.moved += Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY);
      if (pointers.size === 1) {
        this.x += event.clientX - before.clientX;
        this.y += event.clientY - before.clientY;
        this.draw();
      } else {
        const other = [...pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
        const span = (pointer) => Math.hypot(pointer.clientX - other.clientX, pointer.clientY - other.clientY) || 1;
        const box = canvas.getBoundingClientRect();
        this.zoom(span(event) / span(before), (event.clientX + other.clientX) / 2 - box.left, (event.clientY + other.clientY) / 2 - box.top);
      }
      pointers.set(event.pointerId, event);
    });
    const lift = (event) => {
      if (pointers.delete(event.pointerId) && event.type === "pointerup" && this.moved < 5 && !pointers.size) this.pick(event);
    };
    canvas.addEventListener("pointerup", lift);
    canvas.addEventListener("pointercancel", lift);
    canvas.addEventListener("keydown", (event) => this.key(event));
    for (const button of this.root.querySelectorAll("[data-side]")) button.addEventListener("click", () => this.flip(button.dataset.side));
    for (const button of this.root.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => (Number(button.dataset.zoom) ? this.zoom(Number(button.dataset.zoom)) : this.fit()));
    }
    let width = canvas.clientWidth;
    new ResizeObserver(() => {
      if (canvas.clientWidth === width) return;
      width = canvas.clientWidth;
      this.fit();
    }).observe(canvas);
  }

  pick(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = this.mirrored((event.clientX - box.left - this.x) / this.scale);
    const y = (event.clientY - box.top - this.y) / this.scale;
    const reach = 24 / this.scale;
    const nearest = (places) => places
      .map((place, index) => ({ place, index, distance: Math.hypot(place.x - x, place.y - y) }))
      .filter(({ distance }) => distance < reach)
      .sort((one, two) => one.distance - two.distance)[0];
    const part = nearest(this.data.parts.map((part) => (part.side === this.side ? part : { x: Infinity, y: Infinity })));
    const finding = nearest(this.data.findings);
    if (finding && finding.distance <= (part?.distance ?? Infinity)) {
      this.point(finding.place);
      this.chooseFinding(finding.index);
    } else if (part) {
      this.point(part.place);
      this.choosePart(part.place);
    }
  }

  key(event) {
    const step = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
    if (event.target !== this.canvas) return;
    if (step) { this.x += step[0]; this.y += step[1]; this.draw(); }
    else if (event.key === "+" || event.key === "=") this.zoom(1.4);
    else if (event.key === "-") this.zoom(0.714);
    else if (event.key === "0") this.fit();
    else if (event.key.toLowerCase() === "f") this.flip(this.side === "top" ? "bottom" : "top");
    else return;
    event.preventDefault();
  }
}

for (const root of document.querySelectorAll("[data-bench]")) {
  const data = JSON.parse(root.querySelector(".bench-data").textContent);
  const outline = data.layers.find((layer) => layer.kind === "outline") ?? data.layers[0];
  sizeOf(outline.url).then((size) => {
    const bench = new Bench(root, data, size);
    bench.showWanted();
    addEventListener("hashchange", () => {
      bench.showWanted();
      root.scrollIntoView({ block: "nearest" });
    });
  }, () => {
    root.querySelector(".told").textContent = "The layer pictures could not be loaded. Reload the page, or download them below.";
    root.dataset.state = "failed";
  });
}
