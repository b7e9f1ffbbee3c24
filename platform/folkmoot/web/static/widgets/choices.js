// Big targets with their number keys, for the widgets that offer a few things to choose.

import { element } from "../elements.js";

const MOST_KEYS = 9;

function wordsOf({ value, label, help }) {
  return element("span", "choice-text", element("span", "choice-label", label || String(value)), help ? element("span", "choice-hint", help) : null);
}

function keyHint(index) {
  return index < MOST_KEYS ? element("kbd", { "aria-hidden": "true" }, String(index + 1)) : null;
}

export function choiceButton(choice, index, onPress) {
  const button = element("button", { className: "choice", type: "button", "aria-pressed": "false", "aria-keyshortcuts": index < MOST_KEYS ? String(index + 1) : "" }, keyHint(index), wordsOf(choice));
  // The second press of a double press is not a second answer.
  button.addEventListener("click", (event) => { if (event.detail < 2) onPress(index); });
  return button;
}

export function choiceBox(choice, index, onChange) {
  const box = element("input", { type: "checkbox" });
  box.addEventListener("change", () => onChange(index));
  return element("label", "choice", box, keyHint(index), wordsOf(choice));
}

export function markPressed(buttons, chosen) {
  buttons.forEach((button, index) => {
    button.classList.toggle("chosen", index === chosen);
    button.setAttribute("aria-pressed", String(index === chosen));
  });
}

export function answersOf(question, kind, children) {
  const list = element("div", { className: `answers answers-${kind}`, role: "group", "aria-label": question }, ...children);
  list.dataset.count = children.length;
  return list;
}
