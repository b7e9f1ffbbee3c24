// The reviewing desk: how long the case was really looked at, and the keys of the acts.

import { ActiveClock } from "./label_clock.js";

const clock = new ActiveClock();
clock.restart();

function isTyping(target) {
  return target.matches("textarea, input, select, [contenteditable]");
}

function controlFor(key) {
  return document.querySelector(`[data-key="${CSS.escape(key)}"], [data-number="${CSS.escape(key)}"]`);
}

document.addEventListener("keydown", (event) => {
  const isChord = event.altKey || event.metaKey || event.ctrlKey;
  if (event.repeat || isChord || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const control = controlFor(event.key.toLowerCase());
  if (!control) return;
  event.preventDefault();
  control.click();
});

for (const form of document.querySelectorAll("form[data-timed]")) {
  form.addEventListener("submit", () => { form.elements.seconds.value = clock.seconds(); });
}

// After an act the receipt is what matters; a screen reader hears it first.
document.getElementById("receipt")?.focus();
