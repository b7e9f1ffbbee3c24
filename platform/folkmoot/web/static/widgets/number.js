// A number, typed as people write it: "3,5" is 3.5.

import { element, iconButton } from "../elements.js";
import { Widget } from "./widget.js";

// What a step of the buttons is where the schema names none.
const PLAIN_STEP = 1;
const ROUNDING_DIGITS = 9;

function numberIn(text) {
  const plain = text.trim().replace(/[\s\u202f]/g, "").replace("\u2212", "-").replace(",", ".");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : null;
}

class NumberField extends Widget {
  isTyped = true;

  constructor(...given) {
    super(...given);
    const { unit, min, max } = this.schema;
    this.input = element("input", { type: "text", inputMode: "decimal", autocomplete: "off", "aria-label": unit ? `${this.question} (${unit})` : this.question, "aria-describedby": "number-range" });
    this.input.dataset.sends = "";
    this.input.addEventListener("input", () => this.on.changed());
    this.input.addEventListener("keydown", (event) => this.#arrow(event));
    const field = element("div", "number-field", iconButton("minus", "Less", () => this.#step(-1)), this.input, unit ? element("span", "unit soft", unit) : null, iconButton("plus", "More", () => this.#step(1)));
    this.controls.append(field, element("p", { className: "field-hint centred", id: "number-range" }, rangeText(min, max)));
  }

  #arrow(event) {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    this.#step(direction);
  }

  #step(direction) {
    const { min, max } = this.schema;
    const size = this.schema.step ?? PLAIN_STEP;
    const now = numberIn(this.input.value);
    const next = now === null ? min ?? 0 : Number((now + direction * size).toFixed(ROUNDING_DIGITS));
    this.input.value = String(Math.min(max ?? next, Math.max(min ?? next, next)));
    this.on.changed();
  }

  answer() { return numberIn(this.input.value); }

  setAnswer(answer) {
    this.input.value = String(answer);
    this.on.changed();
  }

  missing() {
    const { min, max, step } = this.schema;
    const number = this.answer();
    if (number === null) return this.input.value.trim() ? "This is no number yet." : "Type a number.";
    if (min !== null && number < min) return `The number must be at least ${min}.`;
    if (max !== null && number > max) return `The number must be at most ${max}.`;
    const steps = step === null ? 0 : (number - (min ?? 0)) / step;
    return Math.abs(steps - Math.round(steps)) > 1e-6 ? `The number must be in steps of ${step} from ${min ?? 0}.` : "";
  }

  words(answer) { return `${answer} ${this.schema.unit}`.trim(); }

  keys() { return [["↑ ↓", "More, less"]]; }

  focus() {
    if (window.matchMedia("(pointer: coarse)").matches) return false;
    this.input.focus({ preventScroll: true });
    return true;
  }
}

function rangeText(min, max) {
  if (min !== null && max !== null) return `${min} to ${max}`;
  if (min !== null) return `${min} or more`;
  return max === null ? "" : `${max} or less`;
}

export const mount = (...given) => new NumberField(...given);
