// Any of a few answers, ticked one by one.

import { plural } from "../elements.js";
import { answersOf, choiceBox } from "./choices.js";
import { Widget, numberKey } from "./widget.js";

class MultipleChoice extends Widget {
  constructor(...given) {
    super(...given);
    this.choices = this.schema.choices;
    const labels = this.choices.map((choice, index) => choiceBox(choice, index, () => this.on.changed()));
    this.boxes = labels.map((label) => label.querySelector("input"));
    this.controls.append(answersOf(this.question, "multiple_choice", labels));
  }

  get #most() { return this.schema.max_picks ?? this.choices.length; }

  answer() { return this.choices.filter((_, index) => this.boxes[index].checked).map(({ value }) => value); }

  setAnswer(answer) {
    this.boxes.forEach((box, index) => { box.checked = answer.includes(this.choices[index].value); });
    this.on.changed();
  }

  missing() {
    const count = this.answer().length;
    const least = this.schema.min_picks;
    if (count < least) return `Choose at least ${plural(least, "answer", "answers")}.`;
    return count > this.#most ? `Choose at most ${plural(this.#most, "answer", "answers")}.` : "";
  }

  words(answer) {
    return this.choices.filter(({ value }) => answer.includes(value)).map(({ label }) => label).join(", ") || "none of them";
  }

  isEmpty() { return this.schema.min_picks === 0 && this.answer().length === 0; }

  sendText() { return this.isEmpty() ? "Send: none of them" : "Send answer"; }

  keys() { return [[`1 to ${Math.min(9, this.choices.length)}`, "Tick or untick"]]; }

  press(event) {
    const box = this.boxes[numberKey(event)];
    if (!box) return false;
    box.checked = !box.checked;
    this.on.changed();
    return true;
  }
}

export const mount = (...given) => new MultipleChoice(...given);
