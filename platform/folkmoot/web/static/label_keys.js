// Keys, presses and dialogs of the labelling desk, bound to its acts.

import { element } from "./elements.js";

const at = (id) => document.getElementById(id);

function isTyping(target) {
  return target.matches("textarea, input:not([type=checkbox], [type=radio]), select, [contenteditable]");
}

// One line takes Enter as the end of the answer; in many lines it is a new one.
function sendsFromText(event) {
  return event.key === "Enter" && (event.ctrlKey || event.metaKey || event.target.matches("input[data-sends]"));
}

function bindKeyboard(desk) {
  const acts = {
    z: () => desk.undo(),
    s: () => openSkip(desk),
    i: () => at("instructions").showModal(),
    p: () => at("pause").showModal(),
    n: () => openNote(desk),
    v: () => desk.screen.veil.lift(),
    "?": () => openKeys(desk),
  };
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.altKey || document.querySelector("dialog[open]")) return;
    const act = isTyping(event.target) ? typingAct(desk, event) : actFor(desk, acts, event);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function typingAct(desk, event) {
  return sendsFromText(event) && at("controls").contains(event.target) ? () => desk.send() : null;
}

function actFor(desk, acts, event) {
  if (event.metaKey || event.ctrlKey) return event.key === "Enter" ? () => desk.send() : null;
  // Enter on a button or link is that button's own key.
  if (event.key === "Enter") return event.target.closest("button, a, summary") ? null : () => enter(desk);
  if (desk.isReady() && desk.screen.widget.press(event)) return () => {};
  return acts[event.key.toLowerCase()];
}

function enter(desk) {
  if (desk.screen.feedback.isOpen) desk.leaveFeedback();
  else if (desk.screen.veil.isDown) desk.screen.veil.lift();
  else desk.send();
}

function openSkip(desk) {
  if (desk.tasks.current && !desk.tasks.current.revises) at("skip-dialog").showModal();
}

function openNote(desk) {
  if (!desk.tasks.current) return;
  at("note-text").value = desk.note;
  at("note-dialog").showModal();
}

function openKeys(desk) {
  const rows = desk.screen.widget?.keys() ?? [];
  at("widget-keys").replaceChildren(...rows.flatMap(([key, what]) => [element("dt", "", element("kbd", "", key)), element("dd", "", what)]));
  at("widget-keys").hidden = rows.length === 0;
  at("keys").showModal();
}

function bindPresses(desk) {
  at("answer-form").addEventListener("submit", (event) => {
    event.preventDefault();
    desk.send();
  });
  for (const button of document.querySelectorAll("[data-undo]")) button.addEventListener("click", () => desk.undo());
  at("skip").addEventListener("click", () => openSkip(desk));
  at("note-button").addEventListener("click", () => openNote(desk));
  at("keys-button").addEventListener("click", () => openKeys(desk));
  at("look-again").addEventListener("click", () => desk.advance());
  at("feedback-next").addEventListener("click", () => desk.leaveFeedback());
  at("notice-close").addEventListener("click", () => { at("notice").hidden = true; });
}

function bindDialogs(desk) {
  at("skip-dialog").addEventListener("close", ({ target }) => {
    if (target.returnValue) desk.skip(target.returnValue);
    target.returnValue = "";
  });
  at("note-dialog").addEventListener("close", ({ target }) => {
    if (target.returnValue === "keep") desk.writeNote(at("note-text").value);
    target.returnValue = "";
  });
  for (const id of ["instructions", "keys", "note-dialog", "skip-dialog"]) {
    at(id).addEventListener("close", () => { if (desk.tasks.current) desk.screen.focusTask(); });
  }
}

export function bindKeys(desk) {
  bindKeyboard(desk);
  bindPresses(desk);
  bindDialogs(desk);
}
