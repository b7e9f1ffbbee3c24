// The classes that parts of a text or a picture can be marked as: a bar of buttons, each with its
// key and its colour. A colour never stands alone; the words are always beside it.

import { element } from "../elements.js";

const MOST_KEYS = 9;
// Readable behind text in light and in dark, and apart from each other for most kinds of sight.
export const COLOURS = ["#0f8a76", "#c2660c", "#5b5bd6", "#c0307c", "#7a7a00", "#1572b8", "#a0522d", "#6b7280"];

export function colourOf(classes, value) {
  return COLOURS[classes.findIndex((one) => one.value === value) % COLOURS.length] ?? COLOURS.at(-1);
}

export function toneOf(classes, value) {
  return `tone-of-${classes.findIndex((one) => one.value === value) % COLOURS.length}`;
}

export function wordsOf(classes, value) {
  return classes.find((one) => one.value === value)?.label ?? String(value);
}

export class ClassBar {
  constructor(classes, label, onPress) {
    this.classes = classes;
    this.buttons = classes.map((one, index) => this.#button(one, index, onPress));
    this.element = element("div", { className: "classes", role: "group", "aria-label": label }, ...this.buttons);
  }

  #button({ value, label, help }, index, onPress) {
    const key = index < MOST_KEYS ? String(index + 1) : "";
    const button = element("button", { className: `class-button ${toneOf(this.classes, value)}`, type: "button", title: help, "aria-pressed": "false", "aria-keyshortcuts": key }, element("span", "swatch"), key ? element("kbd", { "aria-hidden": "true" }, key) : null, element("span", "", label));
    button.addEventListener("click", () => onPress(value));
    return button;
  }

  show(value) {
    this.buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(this.classes[index].value === value)));
  }
}
