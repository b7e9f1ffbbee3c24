// Parts of a text, marked and named: choose words by mouse, finger or arrow keys, then say what they
// are. Recogito's text annotator draws the marks. Within the page offsets are UTF-16 units; the
// answer counts code points.

import { element, iconButton, plural } from "../elements.js";
import { ClassBar, colourOf, toneOf, wordsOf } from "./classes.js";
import { Offsets } from "./code_points.js";
import { loadTextAnnotator } from "./vendored.js";
import { Widget, numberKey } from "./widget.js";
import { Words } from "./words.js";

const DRAFT = "draft";
const DRAFT_COLOUR = "#8a918d";
const FILL = 0.3;
const FILL_OF_CHOSEN = 0.55;
const LONGEST_QUOTE = 40;

let createTextAnnotator = null;

export async function prepare() {
  createTextAnnotator = await loadTextAnnotator();
}

class Spans extends Widget {
  #spans = [];
  #draft = null;
  #active = -1;
  // Where the walk over words began, and where it is.
  #anchor = -1;
  #cursor = -1;
  #said = "";

  constructor(...given) {
    super(...given);
    this.shows = [this.schema.field];
    this.text = this.payload[this.schema.field];
    this.offsets = new Offsets(this.text);
    this.walk = new Words(this.text, document.documentElement.lang);
    this.bar = new ClassBar(this.schema.classes, "What the chosen words are", (value) => this.#name(value));
    this.surface = element("div", { className: "span-text payload-text", tabIndex: 0, role: "group", "aria-label": "Text to mark: choose words with the arrow keys, more with Shift", lang: this.payload.language }, this.text);
    this.list = element("ul", { className: "marks", "aria-label": "Marked" });
    this.live = element("p", { className: "for-readers", "aria-live": "polite" });
    this.stage.append(this.surface, this.list, this.live);
    this.hint = element("p", "field-hint centred");
    this.controls.append(this.hint, this.bar.element);
    this.annotator = createTextAnnotator(this.surface, { renderer: "SPANS", annotatingEnabled: false, style: (mark) => this.#styleOf(mark.id) });
    this.#listen();
    this.#draw();
  }

  #listen() {
    this.stopped = new AbortController();
    const { signal } = this.stopped;
    document.addEventListener("selectionchange", () => this.#takeSelection(), { signal });
    this.surface.addEventListener("click", (event) => this.#tap(event), { signal });
    // A drag is a choice of its own, which the press before it must not widen.
    this.surface.addEventListener("pointerdown", () => { this.hasDragged = false; }, { signal });
  }

  // ---- Choosing words ---------------------------------------------------------------------

  #takeSelection() {
    const selection = document.getSelection();
    if (this.stage.inert || selection.isCollapsed || selection.rangeCount === 0) return;
    const range = selection.getRangeAt(0);
    const holder = this.surface.firstChild;
    if (range.startContainer !== holder || !this.surface.contains(range.endContainer)) return;
    this.hasDragged = true;
    this.#choose(range.startOffset, range.endContainer === holder ? range.endOffset : this.text.length);
  }

  // Choose a part of the text, without spaces around it and never half a character.
  #choose(start, end) {
    const chosen = this.text.slice(start, end);
    if (!chosen.trim()) return;
    const from = start + chosen.length - chosen.trimStart().length;
    const to = end - (chosen.length - chosen.trimEnd().length);
    this.#draft = { start: this.offsets.pointOf(from), end: this.offsets.pointOf(to, { atEnd: true }) };
    this.#active = -1;
    this.#anchor = this.walk.indexAt(from);
    this.#cursor = this.walk.indexAt(to - 1);
    this.#draw();
  }

  #tap(event) {
    if (this.hasDragged || this.stage.inert) return;
    const offset = this.#offsetAt(event.clientX, event.clientY);
    if (offset === null) return;
    const point = this.offsets.pointOf(offset);
    const known = this.#spans.findLastIndex(({ start, end }) => start <= point && point < end);
    if (known >= 0) this.#activate(known);
    else this.#tapWord(this.walk.indexAt(offset), point);
  }

  // The first tap chooses a word, the next one as far as there, and one on the choice ends it.
  #tapWord(index, point) {
    if (index < 0) return;
    const draft = this.#draft;
    if (draft && draft.start <= point && point < draft.end) return this.#forget();
    this.#walkTo(index, { isWidening: draft !== null });
    return undefined;
  }

  #offsetAt(x, y) {
    const place = document.caretPositionFromPoint?.(x, y);
    if (place) return place.offsetNode === this.surface.firstChild ? place.offset : null;
    const range = document.caretRangeFromPoint?.(x, y);
    return range && range.startContainer === this.surface.firstChild ? range.startOffset : null;
  }

  #walkTo(index, { isWidening }) {
    const to = Math.max(0, Math.min(this.walk.count - 1, index));
    this.#anchor = isWidening && this.#anchor >= 0 ? this.#anchor : to;
    this.#cursor = to;
    const { start, end } = this.walk.between(this.#anchor, to);
    this.#draft = { start: this.offsets.pointOf(start), end: this.offsets.pointOf(end) };
    this.#active = -1;
    document.getSelection().removeAllRanges();
    this.#draw();
    this.#show(this.walk.at(to));
  }

  // The word above or below, by where it stands on the screen.
  #lineAway(direction) {
    const word = this.walk.at(this.#cursor);
    if (!word) return 0;
    const { left, width, top, height } = this.#rectOf(word);
    const spacing = Number.parseFloat(getComputedStyle(this.surface).lineHeight) || height;
    const offset = this.#offsetAt(left + width / 2, top + height / 2 + direction * spacing);
    return offset === null ? this.#cursor : this.walk.indexAt(offset);
  }

  #rectOf({ start, end }) {
    const range = document.createRange();
    range.setStart(this.surface.firstChild, start);
    range.setEnd(this.surface.firstChild, end);
    return range.getBoundingClientRect();
  }

  #show(word) {
    const { top, bottom } = this.#rectOf(word);
    const head = document.querySelector(".desk-head")?.getBoundingClientRect().bottom ?? 0;
    const foot = this.controls.closest("form").getBoundingClientRect().top;
    if (top < head || bottom > Math.max(foot, head)) window.scrollBy({ top: top - head - (foot - head) / 3 });
  }

  #forget() {
    this.#draft = null;
    this.#active = -1;
    document.getSelection().removeAllRanges();
    this.#draw();
  }

  // ---- Marks ------------------------------------------------------------------------------

  #name(value) {
    const span = this.#active >= 0 ? { ...this.#spans[this.#active], label: value } : this.#draft && { ...this.#draft, label: value };
    if (!span) return this.#say("First choose words in the text.");
    const others = this.#spans.filter((_, index) => index !== this.#active);
    const refusal = this.#refusalOf(span, others);
    if (refusal) return this.#say(refusal);
    this.#spans = [...others, span].sort((one, other) => one.start - other.start || one.end - other.end);
    this.#forget();
    this.live.textContent = `${this.#quote(span)}: ${wordsOf(this.schema.classes, value)}`;
    return undefined;
  }

  #refusalOf(span, others) {
    if (others.length >= this.schema.most) return `At most ${plural(this.schema.most, "part", "parts")} can be marked.`;
    if (others.some((one) => one.start === span.start && one.end === span.end && one.label === span.label)) return "This is marked already.";
    const meets = others.some((one) => one.start < span.end && span.start < one.end);
    return meets && !this.schema.allow_overlap ? "Marked parts may not overlap here. Remove the other one first." : "";
  }

  #activate(index) {
    this.#active = this.#active === index ? -1 : index;
    this.#draft = null;
    document.getSelection().removeAllRanges();
    this.#draw();
  }

  #remove(index) {
    this.#spans.splice(index, 1);
    this.#forget();
  }

  // ---- Drawing ----------------------------------------------------------------------------

  #draw() {
    const marks = this.#spans.map((span, index) => this.#mark(String(index), span));
    if (this.#draft) marks.push(this.#mark(DRAFT, this.#draft));
    this.annotator.setAnnotations(marks, true);
    this.bar.show(this.#active >= 0 ? this.#spans[this.#active].label : null);
    this.list.replaceChildren(...this.#spans.map((span, index) => this.#row(span, index)));
    this.hint.textContent = this.#hintText();
    if (this.#draft) this.live.textContent = `Chosen: ${this.#quote(this.#draft)}`;
    this.on.changed();
  }

  #hintText() {
    if (this.#said) return this.#said;
    if (this.#active >= 0) return "Say anew what it is, or remove it.";
    return this.#draft ? `“${this.#quote(this.#draft)}” is …` : "Choose words, then say what they are.";
  }

  #say(text) {
    this.#said = text;
    this.#draw();
    this.#said = "";
  }

  #mark(id, { start, end }) {
    const from = this.offsets.unitsOf(start);
    const to = this.offsets.unitsOf(end);
    return { id, bodies: [], target: { annotation: id, selector: [{ quote: this.text.slice(from, to), start: from, end: to }] } };
  }

  #styleOf(id) {
    if (id === DRAFT) return { fill: DRAFT_COLOUR, fillOpacity: FILL, underlineColor: DRAFT_COLOUR, underlineStyle: "dashed", underlineThickness: 2 };
    const span = this.#spans[Number(id)];
    const colour = colourOf(this.schema.classes, span?.label);
    return { fill: colour, fillOpacity: Number(id) === this.#active ? FILL_OF_CHOSEN : FILL, underlineColor: colour, underlineStyle: "solid", underlineThickness: 2 };
  }

  #row(span, index) {
    const words = wordsOf(this.schema.classes, span.label);
    const body = element("button", { className: "mark-body", type: "button", "aria-pressed": String(index === this.#active) }, element("span", "swatch"), element("span", "mark-quote", this.#quote(span)), element("span", "soft", words));
    body.addEventListener("click", () => this.#activate(index));
    return element("li", `mark ${toneOf(this.schema.classes, span.label)}`, body, iconButton("x", `Remove ${this.#quote(span)}, ${words}`, () => this.#remove(index)));
  }

  #quote({ start, end }) {
    const quote = this.text.slice(this.offsets.unitsOf(start), this.offsets.unitsOf(end)).replace(/\s+/g, " ");
    return quote.length > LONGEST_QUOTE ? `${[...quote].slice(0, LONGEST_QUOTE - 1).join("")}…` : quote;
  }

  // ---- What every widget has --------------------------------------------------------------

  answer() { return this.#spans.map(({ start, end, label }) => ({ start, end, label })); }

  setAnswer(answer) {
    this.#spans = answer.map(({ start, end, label }) => ({ start, end, label }));
    this.#forget();
  }

  missing() { return this.#draft ? "Say what the chosen words are, or let them go with Esc." : ""; }

  isEmpty() { return this.#spans.length === 0; }

  words(answer) {
    return answer.map((span) => `${this.#quote(span)} (${wordsOf(this.schema.classes, span.label)})`).join(", ") || "nothing marked";
  }

  keys() {
    const most = Math.min(9, this.schema.classes.length);
    return [["← →", "Choose a word"], ["Shift ← →", "Choose more words"], [most > 1 ? `1 to ${most}` : "1", "Say what they are"], ["Delete", "Remove the chosen mark"], ["Esc", "Choose nothing"]];
  }

  press(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const line = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const one = this.schema.classes[numberKey(event)];
    if (step) this.#walkTo(this.#cursor < 0 ? 0 : this.#cursor + step, { isWidening: event.shiftKey });
    else if (line) this.#walkTo(this.#lineAway(line), { isWidening: event.shiftKey });
    else if (one) this.#name(one.value);
    else if (event.key === "Escape") this.#forget();
    else if (["Delete", "Backspace"].includes(event.key) && this.#active >= 0) this.#remove(this.#active);
    else return false;
    return true;
  }

  destroy() {
    this.stopped.abort();
    this.annotator.destroy();
    super.destroy();
  }
}

export const mount = (...given) => new Spans(...given);
