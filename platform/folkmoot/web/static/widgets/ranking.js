// A few things in order: press them one after the other, the best first. Nothing has a place before
// the person gave it one, since an order that stands there already would lead them.

import { element } from "../elements.js";
import { Widget, numberKey } from "./widget.js";

class Ranking extends Widget {
  #order = [];

  constructor(...given) {
    super(...given);
    const { field, items } = this.schema;
    this.shows = field ? [field] : [];
    this.items = (field ? this.payload[field] : items).map((item) => (typeof item === "string" ? { value: item, label: item } : item));
    this.buttons = this.items.map((item, index) => this.#button(item, index));
    const list = element("ol", { className: "ranking", "aria-label": "Press in order, the best first" }, ...this.buttons.map((button) => element("li", "", button)));
    this.stage.append(list);
    this.hint = element("p", { className: "field-hint", "aria-live": "polite" });
    this.again = element("button", { className: "btn btn-quiet", type: "button" }, "Start over");
    this.again.addEventListener("click", () => this.#set([]));
    this.controls.append(element("div", "rank-line", this.hint, this.again));
    this.#draw();
  }

  #button({ value, label }, index) {
    const key = index < 9 ? String(index + 1) : "";
    const button = element("button", { className: "choice rank-item", type: "button", "aria-keyshortcuts": key }, element("span", { className: "rank-place", "aria-hidden": "true" }), element("span", "choice-text", label || value), key ? element("kbd", { "aria-hidden": "true" }, key) : null);
    button.addEventListener("click", (event) => { if (event.detail < 2) this.#press(value); });
    return button;
  }

  // A press gives the next place, or takes it back.
  #press(value) {
    const isPlaced = this.#order.includes(value);
    const order = isPlaced ? this.#order.filter((one) => one !== value) : [...this.#order, value];
    const left = this.items.filter((item) => !order.includes(item.value));
    // The last one has only one place left.
    this.#set(!isPlaced && left.length === 1 ? [...order, left[0].value] : order);
  }

  #set(order) {
    this.#order = order;
    this.#draw();
  }

  #draw() {
    this.buttons.forEach((button, index) => {
      const place = this.#order.indexOf(this.items[index].value) + 1;
      button.classList.toggle("chosen", place > 0);
      button.querySelector(".rank-place").textContent = place || "";
      button.setAttribute("aria-label", `${this.#label(this.items[index].value)}, ${place ? `place ${place}` : "no place yet"}`);
    });
    const left = this.items.length - this.#order.length;
    this.hint.textContent = left === 0 ? "All in order. Press one to take it out." : `Press place ${this.#order.length + 1} of ${this.items.length}${this.#order.length ? "" : ", the best first"}.`;
    this.again.disabled = this.#order.length === 0;
    this.on.changed();
  }

  #label(value) { return this.items.find((item) => item.value === value)?.label || value; }

  answer() { return [...this.#order]; }

  setAnswer(answer) { this.#set([...answer]); }

  missing() { return this.#order.length < this.items.length ? "Give every one of them a place." : ""; }

  words(answer) { return answer.map((value) => this.#label(value)).join(" › "); }

  keys() { return [[`1 to ${Math.min(9, this.items.length)}`, "Give it the next place, or take it back"]]; }

  press(event) {
    const item = this.items[numberKey(event)];
    if (item) this.#press(item.value);
    return Boolean(item);
  }
}

export const mount = (...given) => new Ranking(...given);
