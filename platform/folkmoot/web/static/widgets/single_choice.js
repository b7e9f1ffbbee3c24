// One of a few answers; a press sends it.

import { answersOf, choiceButton, markPressed } from "./choices.js";
import { Widget, numberKey } from "./widget.js";

class SingleChoice extends Widget {
  sendsAtOnce = true;
  #chosen = -1;

  constructor(...given) {
    super(...given);
    this.choices = this.schema.choices;
    this.buttons = this.choices.map((choice, index) => choiceButton(choice, index, () => this.#choose(index)));
    this.controls.append(answersOf(this.question, "single_choice", this.buttons));
  }

  #mark(index) {
    this.#chosen = index;
    markPressed(this.buttons, index);
    this.on.changed();
  }

  #choose(index) {
    if (this.on.isReady() && this.choices[index]) {
      this.#mark(index);
      this.on.send();
    }
  }

  answer() { return this.choices[this.#chosen].value; }

  setAnswer(answer) { this.#mark(this.choices.findIndex(({ value }) => value === answer)); }

  missing() { return this.#chosen < 0 ? "Choose an answer." : ""; }

  words(answer) { return this.choices.find(({ value }) => value === answer)?.label ?? String(answer); }

  keys() { return [[`1 to ${Math.min(9, this.choices.length)}`, "Choose and send"]]; }

  press(event) {
    const index = numberKey(event);
    if (index < 0) return false;
    this.#choose(index);
    return true;
  }
}

export const mount = (...given) => new SingleChoice(...given);
