// Which of two is better. They are called A and B: a field's name may say more than it should.

import { element } from "../elements.js";
import { partsOfValue } from "../label_view.js";
import { answersOf, choiceButton, markPressed } from "./choices.js";
import { Widget, numberKey } from "./widget.js";

const TIE = "tie";

class Preference extends Widget {
  sendsAtOnce = true;
  #chosen = -1;
  #strength = -1;

  constructor(...given) {
    super(...given);
    const { first, second, allow_tie: allowsTie, strengths } = this.schema;
    this.shows = [first, second];
    this.hasStrengths = strengths.length > 0;
    this.options = [[first, "A is better"], [second, "B is better"], ...(allowsTie ? [[TIE, "Neither"]] : [])];
    this.stage.append(element("div", "pair", this.#side("A", first), this.#side("B", second)));
    this.buttons = this.options.map(([, label], index) => choiceButton({ label }, this.#keyPlace(index), () => this.#choose(index)));
    this.controls.append(answersOf(this.question, "preference", this.buttons));
    if (this.hasStrengths) this.#addStrengths(strengths);
  }

  // With strengths the digits are theirs, and the sides have the arrows.
  #keyPlace(index) { return this.hasStrengths ? Infinity : index; }

  #side(name, field) {
    const heading = element("h2", { className: "side-name", id: `side-${name}` }, name);
    return element("section", { className: "side", "aria-labelledby": heading.id }, heading, ...partsOfValue(this.payload[field]));
  }

  #addStrengths(strengths) {
    this.strengthButtons = strengths.map((label, index) => choiceButton({ label }, index, () => this.#chooseStrength(index)));
    this.scale = answersOf("How much better", "strength", this.strengthButtons);
    this.controls.append(element("p", "field-hint centred", "How much better?"), this.scale);
    this.#mark(-1);
  }

  get #isTie() { return this.options[this.#chosen]?.[0] === TIE; }

  #mark(index, strength = -1) {
    this.#chosen = index;
    this.#strength = strength;
    markPressed(this.buttons, index);
    if (this.scale) {
      markPressed(this.strengthButtons, strength);
      this.scale.inert = index < 0 || this.#isTie;
    }
    this.on.changed();
  }

  #choose(index) {
    if (!this.on.isReady() || !this.options[index]) return;
    this.#mark(index);
    if (!this.hasStrengths || this.#isTie) this.on.send();
  }

  #chooseStrength(index) {
    if (!this.on.isReady() || this.#chosen < 0 || this.#isTie || index >= this.strengthButtons.length) return;
    this.#mark(this.#chosen, index);
    this.on.send();
  }

  answer() {
    const preferred = this.options[this.#chosen][0];
    return this.#strength < 0 ? { preferred } : { preferred, strength: this.#strength + 1 };
  }

  setAnswer({ preferred, strength }) {
    this.#mark(this.options.findIndex(([value]) => value === preferred), strength ? strength - 1 : -1);
  }

  missing() {
    if (this.#chosen < 0) return "Choose one of the two.";
    return this.scale && !this.#isTie && this.#strength < 0 ? "Say how much better it is." : "";
  }

  words({ preferred, strength }) {
    const label = this.options.find(([value]) => value === preferred)?.[1] ?? preferred;
    return strength ? `${label}, ${this.schema.strengths[strength - 1]}` : label;
  }

  keys() {
    const sides = [["←", "A is better"], ["→", "B is better"]];
    const tie = this.schema.allow_tie ? [["0", "Neither"]] : [];
    const digits = this.hasStrengths ? [[`1 to ${this.schema.strengths.length}`, "How much better, and send"]] : [["1 2", "A, B"]];
    return [...sides, ...tie, ...digits];
  }

  press(event) {
    const digit = numberKey(event);
    const side = { ArrowLeft: 0, ArrowRight: 1, 0: 2 }[event.key] ?? (this.hasStrengths ? -1 : digit);
    const strength = this.hasStrengths ? digit : -1;
    if (side >= 0) this.#choose(side);
    else if (strength >= 0) this.#chooseStrength(strength);
    else return false;
    return true;
  }
}

export const mount = (...given) => new Preference(...given);
