// Keys, presses and dialogs of the labelling desk, bound to its acts.

const at = (id) => document.getElementById(id);

function isTyping(target) {
  return target.matches("textarea, input:not([type=checkbox], [type=radio]), select, [contenteditable]");
}

function bindKeyboard(desk) {
  const acts = {
    z: () => desk.undo(),
    s: () => openSkip(desk),
    i: () => at("instructions").showModal(),
    p: () => at("pause").showModal(),
    "?": () => at("keys").showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const isChord = event.altKey || event.metaKey || (event.ctrlKey && event.key !== "Enter");
    if (event.repeat || isChord || document.querySelector("dialog[open]")) return;
    if (isTyping(event.target)) {
      if (event.key === "Enter" && event.ctrlKey) desk.send();
      return;
    }
    const act = actFor(desk, acts, event);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function actFor(desk, acts, event) {
  if (/^[1-9]$/.test(event.key)) return () => chooseByNumber(desk, Number(event.key));
  // Enter on a button or link is that button's own key.
  if (event.key === "Enter") return event.target.closest("button, a, summary") ? null : () => desk.send();
  return acts[event.key.toLowerCase()];
}

function chooseByNumber(desk, number) {
  if (desk.isReady() && desk.form.choose(number) && desk.form.sendsAtOnce) desk.send();
}

function openSkip(desk) {
  if (desk.tasks.current) at("skip-dialog").showModal();
}

function bindPresses(desk) {
  at("answers").addEventListener("click", (event) => {
    const choice = event.target.closest("button.choice");
    if (!choice || event.detail > 1 || !desk.isReady()) return;
    desk.form.mark(choice);
    desk.send();
  });
  at("answer-form").addEventListener("submit", (event) => {
    event.preventDefault();
    desk.send();
  });
  for (const button of document.querySelectorAll("[data-undo]")) button.addEventListener("click", () => desk.undo());
  at("skip").addEventListener("click", () => openSkip(desk));
  at("look-again").addEventListener("click", () => desk.advance());
}

function bindDialogs(desk) {
  at("skip-dialog").addEventListener("close", ({ target }) => {
    if (target.returnValue) desk.skip(target.returnValue);
    target.returnValue = "";
  });
  for (const id of ["pause", "instructions", "keys"]) {
    at(id).addEventListener("close", () => { if (desk.tasks.current) at("task").focus({ preventScroll: true }); });
  }
  new MutationObserver(() => (at("pause").open ? desk.clock.stop() : desk.clock.resume()))
    .observe(at("pause"), { attributeFilter: ["open"] });
}

export function bindKeys(desk) {
  bindKeyboard(desk);
  bindPresses(desk);
  bindDialogs(desk);
}
