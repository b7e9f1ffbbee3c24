// Boxes around parts of a picture: drawn by mouse or finger, or set by numbers. Annotorious draws
// them. Within the page a box is in pixels of the picture; the answer is in shares of its sides.

import { element, iconButton, plural } from "../elements.js";
import { pictureOf } from "../label_view.js";
import { ClassBar, toneOf, wordsOf } from "./classes.js";
import { loadImageAnnotator } from "./vendored.js";
import { Widget, numberKey } from "./widget.js";

const DIGITS = 6;
const SIDES = [["x", "Left"], ["y", "Top"], ["width", "Width"], ["height", "Height"]];
const LEAST_SIDE = 0.005;
const STEP = 0.01;
const NEW_BOX = { x: 0.375, y: 0.375, width: 0.25, height: 0.25 };

let createImageAnnotator = null;

export async function prepare() {
  createImageAnnotator = await loadImageAnnotator();
}

const rounded = (share) => Number(share.toFixed(DIGITS));

// A box that stays in the picture, and that one can see.
function within({ x, y, width, height }) {
  const [wide, high] = [width, height].map((side) => Math.min(1, Math.max(LEAST_SIDE, side)));
  const [left, top] = [[x, wide], [y, high]].map(([start, side]) => Math.min(1 - side, Math.max(0, start)));
  return { x: rounded(left), y: rounded(top), width: rounded(wide), height: rounded(high) };
}

class Boxes extends Widget {
  #boxes = [];
  #active = null;
  #nextId = 1;
  // What was last said is the likeliest for the next box; the first one has to be said.
  #label = null;
  // Which box shows its edges for changing; while one does, Annotorious draws no other.
  #edited = null;
  #isDrawing = false;
  #said = "";

  constructor(...given) {
    super(...given);
    const { field, classes } = this.schema;
    this.shows = [field, "alt"];
    this.bar = new ClassBar(classes, "What the chosen box shows", (value) => this.#name(value));
    this.image = pictureOf(this.payload[field], this.payload.alt);
    this.frame = element("div", "picture-frame", this.image);
    this.list = element("ul", { className: "marks boxes", "aria-label": "Boxes" });
    this.add = element("button", { className: "btn btn-quiet", type: "button", "aria-keyshortcuts": "a" }, "Add a box by numbers");
    this.add.addEventListener("click", () => this.#addByNumbers());
    this.stage.append(this.frame, this.list, this.add);
    this.hint = element("p", { className: "field-hint centred", "aria-live": "polite" });
    this.controls.append(this.hint, this.bar.element);
    if (classes.length === 1) this.#label = classes[0].value;
    this.image.addEventListener("load", () => this.#start(), { once: true });
    this.#drawControls();
  }

  // Annotorious measures the picture, so it comes after it.
  #start() {
    if (this.isGone) return;
    this.annotator = createImageAnnotator(this.image, { drawingEnabled: true, drawingMode: "drag", autoSave: true, userSelectAction: "EDIT" });
    this.annotator.on("createAnnotation", (mark) => this.#created(mark));
    this.annotator.on("updateAnnotation", (mark) => this.#moved(mark));
    this.annotator.on("selectionChanged", (marks) => this.#selected(marks));
    this.annotator.on("deleteAnnotation", (mark) => this.#deleted(mark));
    this.frame.addEventListener("pointerdown", (event) => this.#leaveEdges(event), { capture: true });
    this.#redraw();
  }

  // ---- From the picture -------------------------------------------------------------------

  #created(mark) {
    if (this.#isDrawing) return;
    if (this.#boxes.length >= this.schema.most) {
      // It is not ours yet; what is drawn beyond the limit goes again at once.
      setTimeout(() => this.#drawPicture());
      this.#say(`At most ${plural(this.schema.most, "box", "boxes")} can be drawn.`);
      return;
    }
    this.#boxes.push({ id: mark.id, label: this.#label, ...within(this.#sharesOf(mark)) });
    this.#active = mark.id;
    this.#edited = null;
    this.#drawControls();
    // Annotorious now chooses it for changes; the next box matters more.
    setTimeout(() => this.#redraw());
  }

  // A press beside the box that is being changed begins the next one at once.
  #leaveEdges(event) {
    if (this.#edited === null || event.target.closest(".a9s-handle, .a9s-edge-handle, .a9s-shape-handle")) return;
    this.#edited = this.#active = null;
    this.#redraw();
  }

  #moved(mark) {
    if (this.#isDrawing) return;
    Object.assign(this.#find(mark.id) ?? {}, within(this.#sharesOf(mark)));
    this.#drawControls();
  }

  #selected(marks) {
    if (this.#isDrawing) return;
    const id = marks[0]?.id ?? null;
    // The one just drawn is ours to choose, and what has lost its edges may stay chosen.
    if (id === null || id === this.#active || !this.#find(id)) return;
    this.#active = this.#edited = id;
    this.#drawControls();
  }

  #deleted(mark) {
    if (!this.#isDrawing) this.#remove(mark.id);
  }

  #sharesOf({ target }) {
    const { minX, minY, maxX, maxY } = target.selector.geometry.bounds;
    const { naturalWidth: wide, naturalHeight: high } = this.image;
    return { x: minX / wide, y: minY / high, width: (maxX - minX) / wide, height: (maxY - minY) / high };
  }

  // ---- Boxes ------------------------------------------------------------------------------

  #find(id) { return this.#boxes.find((box) => box.id === id); }

  #name(value) {
    const box = this.#find(this.#active);
    this.#label = value;
    if (box) box.label = value;
    this.#redraw();
  }

  #addByNumbers() {
    if (this.#boxes.length >= this.schema.most) return this.#say(`At most ${plural(this.schema.most, "box", "boxes")} can be drawn.`);
    const id = `box-${this.#nextId}`;
    this.#nextId += 1;
    this.#boxes.push({ id, label: this.#label, ...NEW_BOX });
    this.#choose(id);
    this.list.querySelector("input")?.focus();
    return undefined;
  }

  #choose(id) {
    this.#active = this.#edited = this.#active === id ? null : id;
    this.#redraw();
  }

  #change(box, changes) {
    Object.assign(box, within({ ...box, ...changes }));
    this.#drawPicture();
    this.#tint();
    this.on.changed();
  }

  #remove(id) {
    this.#boxes = this.#boxes.filter((box) => box.id !== id);
    this.#active = this.#edited = null;
    this.#redraw();
  }

  // ---- Drawing ----------------------------------------------------------------------------

  #redraw() {
    this.#drawPicture();
    this.#drawControls();
  }

  // What we draw ourselves is no news.
  #drawPicture() {
    if (!this.annotator) return;
    this.#isDrawing = true;
    this.annotator.setAnnotations(this.#boxes.map((box) => this.#mark(box)), true);
    if (this.#edited) this.annotator.setSelected(this.#edited, true);
    else this.annotator.cancelSelected();
    this.#isDrawing = false;
  }

  #mark({ id, x, y, width, height }) {
    const { naturalWidth: wide, naturalHeight: high } = this.image;
    const [left, top, w, h] = [x * wide, y * high, width * wide, height * high];
    const bounds = { minX: left, minY: top, maxX: left + w, maxY: top + h };
    return { id, bodies: [], target: { annotation: id, selector: { type: "RECTANGLE", geometry: { x: left, y: top, w, h, rot: 0, bounds } } } };
  }

  // Annotorious would write colours into `style` attributes, which the page's policy forbids: so each
  // box gets a class of ours. Its handles are for a mouse; the keyboard has the numbers.
  #tint() {
    requestAnimationFrame(() => {
      for (const drawn of this.frame.querySelectorAll(".a9s-annotation")) {
        const isActive = drawn.dataset.id === this.#active;
        drawn.setAttribute("class", `a9s-annotation ${this.#toneOf(drawn.dataset.id)}${isActive ? " is-active" : ""}`);
      }
      for (const handle of this.frame.querySelectorAll(".a9s-handle [role=button], .a9s-handle-buffer")) {
        handle.setAttribute("aria-label", "Edge of the box");
        handle.setAttribute("tabindex", "-1");
      }
      this.frame.className = `picture-frame ${this.#toneOf(this.#active)}`;
    });
  }

  #toneOf(id) {
    const label = this.#find(id)?.label ?? null;
    return label === null ? "" : toneOf(this.schema.classes, label);
  }

  #drawControls() {
    const focused = document.activeElement?.id;
    this.list.replaceChildren(...this.#boxes.map((box, index) => this.#row(box, index)));
    if (focused) this.list.querySelector(`#${CSS.escape(focused)}`)?.focus();
    this.bar.show(this.#find(this.#active)?.label ?? this.#label);
    this.hint.textContent = this.#hintText();
    this.#tint();
    this.on.changed();
  }

  #hintText() {
    if (this.#said) return this.#said;
    const box = this.#find(this.#active);
    if (box) return box.label === null ? "What does this box show?" : "Change it, or draw the next one.";
    return "Draw a box around each. It can be changed after.";
  }

  #say(text) {
    this.#said = text;
    this.#drawControls();
    this.#said = "";
  }

  #words(label) { return label === null ? "not named yet" : wordsOf(this.schema.classes, label); }

  #row(box, index) {
    const isActive = box.id === this.#active;
    const name = `${index + 1}. ${this.#words(box.label)}`;
    const body = element("button", { className: "mark-body", type: "button", id: `row-${box.id}`, "aria-pressed": String(isActive), "aria-expanded": String(isActive) }, element("span", "swatch"), element("span", "", name));
    body.addEventListener("click", () => this.#choose(box.id));
    const row = element("li", `mark ${box.label === null ? "" : toneOf(this.schema.classes, box.label)}`, body, iconButton("x", `Remove box ${name}`, () => this.#remove(box.id)));
    if (isActive) row.append(element("div", "box-numbers", ...SIDES.map((side) => this.#number(box, side))));
    return row;
  }

  #number(box, [side, name]) {
    const input = element("input", { id: `${side}-${box.id}`, type: "number", inputMode: "decimal", min: "0", max: "100", step: "any", value: String(Number((box[side] * 100).toFixed(1))) });
    input.addEventListener("change", () => {
      if (input.value !== "") this.#change(box, { [side]: Number(input.value) / 100 });
      input.value = String(Number((box[side] * 100).toFixed(1)));
    });
    return element("label", "box-number", element("span", "soft small", `${name} %`), input);
  }

  // ---- What every widget has --------------------------------------------------------------

  answer() { return this.#boxes.map(({ x, y, width, height, label }) => ({ x, y, width, height, label })); }

  setAnswer(answer) {
    this.#boxes = answer.map((box, index) => ({ ...box, id: `given-${index}` }));
    this.#active = this.#edited = null;
    this.#redraw();
  }

  missing() {
    const nameless = this.#boxes.filter(({ label }) => label === null).length;
    if (nameless) return nameless === 1 ? "Say what the box shows." : `Say what ${nameless} boxes show.`;
    const written = this.answer().map((box) => JSON.stringify(box));
    return new Set(written).size < written.length ? "The same box is there twice." : "";
  }

  isEmpty() { return this.#boxes.length === 0; }

  words(answer) {
    const counts = this.schema.classes.map(({ value, label }) => [answer.filter((box) => box.label === value).length, label]);
    return counts.filter(([count]) => count).map(([count, label]) => `${count} × ${label}`).join(", ") || "nothing marked";
  }

  keys() {
    const most = Math.min(9, this.schema.classes.length);
    return [["A", "Add a box"], [most > 1 ? `1 to ${most}` : "1", "Say what it shows"], ["Tab", "To its numbers and the other boxes"], ["← ↑ → ↓", "Move the chosen box"], ["Shift and arrow", "Make it larger or smaller"], ["Delete", "Remove it"]];
  }

  press(event) {
    const one = this.schema.classes[numberKey(event)];
    const box = this.#find(this.#active);
    const [across, down] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key] ?? [0, 0];
    if (one) this.#name(one.value);
    else if (event.key.toLowerCase() === "a") this.#addByNumbers();
    else if (box && (across || down)) this.#push(box, across, down, event.shiftKey);
    else if (box && ["Delete", "Backspace"].includes(event.key)) this.#remove(box.id);
    else if (box && event.key === "Escape") this.#choose(box.id);
    else return false;
    return true;
  }

  #push(box, across, down, isSize) {
    this.#change(box, isSize ? { width: box.width + across, height: box.height + down } : { x: box.x + across, y: box.y + down });
    this.#drawControls();
  }

  destroy() {
    this.isGone = true;
    this.annotator?.destroy();
    super.destroy();
  }
}

export const mount = (...given) => new Boxes(...given);
