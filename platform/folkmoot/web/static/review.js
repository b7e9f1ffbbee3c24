// The reviewing desk: the keys of the acts, and what to look at first.

function isTyping(target) {
  return target.matches("textarea, input, select, [contenteditable]");
}

function controlFor(key) {
  return document.querySelector(`[data-key="${CSS.escape(key)}"]`);
}

document.addEventListener("keydown", (event) => {
  const isChord = event.altKey || event.metaKey || event.ctrlKey;
  if (event.repeat || isChord || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const control = controlFor(event.key.toLowerCase());
  if (!control) return;
  event.preventDefault();
  control.click();
});

// What was refused is shown again where it was filled in.
document.querySelector("dialog[data-reopen]")?.showModal();

// After an act the receipt is what matters; a screen reader hears it first.
document.getElementById("receipt")?.focus();
