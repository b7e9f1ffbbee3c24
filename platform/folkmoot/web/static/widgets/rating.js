// A point on a scale; a press sends it.

import { element } from "../elements.js";
import { answersOf, choiceButton, markPressed } from "./choices.js";
import { Widget } from "./widget.js";

const CANNOT_TELL = "cannot_tell";
// The words of the points stand in them up to this many; longer scales name their ends alone.
const MOST_IN_WORDS = 5;

class Rating extends Widget {
  sendsAtOnce = true;
  #chosen = -1;

  constructor(...given) {
    super(...given);
    const { points, cannot_tell: cannotTell } = this.schema;
    this.values = points.map(({ value }) => value);
    const inWords = points.length <= MOST_IN_WORDS;
    this.buttons = points.map((point, index) => this.#point(point, index, inWords));
    const scale = answersOf(this.question, `rating${inWords ? " in-words" : ""}`, this.buttons);
    this.controls.append(scale);
    if (!inWords) this.controls.append(this.#ends(points));
    if (cannotTell) this.#addCannotTell(cannotTell);
  }

  #point({ value, label }, index, inWords) {
    const words = label && label !== String(value) ? label : "";
    const button = choiceButton({ label: String(value), help: inWords ? words : "" }, index, () => this.#choose(index));
    button.querySelector("kbd")?.remove();
    button.classList.add("point");
    if (words) button.setAttribute("aria-label", `${value}: ${words}`);
    return button;
  }

  #ends(points) {
    return element("p", "scale-ends soft small", element("span", "", points[0].label), element("span", "", points.at(-1).label));
  }

  #addCannotTell(words) {
    const button = element("button", { className: "choice cannot-tell", type: "button", "aria-pressed": "false", "aria-keyshortcuts": "0" }, words);
    button.addEventListener("click", () => this.#choose(this.buttons.indexOf(button)));
    this.buttons.push(button);
    this.values.push(CANNOT_TELL);
    this.controls.append(button);
  }

  #mark(index) {
    this.#chosen = index;
    markPressed(this.buttons, index);
    this.on.changed();
  }

  #choose(index) {
    if (!this.on.isReady()) return;
    this.#mark(index);
    this.on.send();
  }

  answer() { return this.values[this.#chosen]; }

  setAnswer(answer) { this.#mark(this.values.indexOf(answer)); }

  missing() { return this.#chosen < 0 ? "Choose a point." : ""; }

  words(answer) {
    if (answer === CANNOT_TELL) return this.schema.cannot_tell;
    const label = this.schema.points.find(({ value }) => value === answer)?.label;
    return label && label !== String(answer) ? `${answer}, ${label}` : String(answer);
  }

  keys() {
    const points = this.schema.points.map(({ value }) => value).filter((value) => value >= 0 && value <= 9);
    const rows = points.length ? [[`${points[0]} to ${points.at(-1)}`, "Choose and send"]] : [];
    return this.schema.cannot_tell && !points.includes(0) ? [...rows, ["0", this.schema.cannot_tell]] : rows;
  }

  // The key is the point's own value, so that nobody counts buttons.
  press(event) {
    if (!/^[0-9]$/.test(event.key)) return false;
    const value = Number(event.key);
    const index = this.values.indexOf(value === 0 && !this.values.includes(0) ? CANNOT_TELL : value);
    if (index < 0) return false;
    this.#choose(index);
    return true;
  }
}

export const mount = (...given) => new Rating(...given);
