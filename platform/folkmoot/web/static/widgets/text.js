// Words of the annotator's own.

import { element } from "../elements.js";
import { lengthOf } from "./code_points.js";
import { Widget } from "./widget.js";

const LINES = 3;

class TextField extends Widget {
  isTyped = true;

  constructor(...given) {
    super(...given);
    const { multiline, max_length: longest } = this.schema;
    const properties = { "aria-label": this.question, "aria-describedby": "text-count", autocomplete: "off" };
    this.input = multiline ? element("textarea", { ...properties, rows: LINES }) : element("input", { ...properties, type: "text" });
    if (!multiline) this.input.dataset.sends = "";
    this.input.addEventListener("input", () => this.#typed());
    this.count = element("p", { className: "field-hint text-count", id: "text-count" }, `0 of ${longest}`);
    this.controls.append(element("div", "field text-field", this.input), this.count);
  }

  #typed() {
    this.count.textContent = `${lengthOf(this.answer())} of ${this.schema.max_length}`;
    this.on.changed();
  }

  answer() { return this.input.value.trim(); }

  setAnswer(answer) {
    this.input.value = answer;
    this.#typed();
  }

  missing() {
    const { min_length: shortest, max_length: longest } = this.schema;
    const length = lengthOf(this.answer());
    if (length === 0) return "Write an answer.";
    if (length < shortest) return `Write at least ${shortest} characters; these are ${length}.`;
    return length > longest ? `Write at most ${longest} characters; these are ${length}.` : "";
  }

  words(answer) { return answer; }

  keys() { return this.schema.multiline ? [["Ctrl + Enter", "Send from the text"]] : []; }

  // On a phone the keyboard would cover the task, so there one taps when one has read it.
  focus() {
    if (window.matchMedia("(pointer: coarse)").matches) return false;
    this.input.focus({ preventScroll: true });
    return true;
  }
}

export const mount = (...given) => new TextField(...given);
