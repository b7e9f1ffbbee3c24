// The quiet lines of the labelling desk: what happened, and the network.

import { SignedOut } from "./label_api.js";
import { plural } from "./elements.js";

const ANSWERED_MILLISECONDS = 5_000;

const at = (id) => document.getElementById(id);

// It stands above the task, so that the answers never move under a finger.
export function say(text) {
  at("said").hidden = !text;
  at("said").textContent = text;
}

// What was noticed of somebody's work stays until they have put it away.
export function showNotice(text) {
  if (!text) return;
  at("notice-text").textContent = text;
  at("notice").hidden = false;
}

export function offerUndo(isPossible) {
  for (const button of document.querySelectorAll("[data-undo]")) button.disabled = !isPossible;
}

let answered = 0;

// Count an answer of this sitting, or one taken back, and show how many there are.
export function showCount(more) {
  answered = Math.max(0, answered + more);
  const line = at("sitting");
  line.value = answered;
  at("count").textContent = answered > line.max ? `${answered} answered` : `${answered} of ${line.max}`;
}

// Name the answer that was just given for a moment, so that a slip of the finger is noticed.
export function showAnswered(words) {
  const shown = at("answered");
  shown.textContent = words && `Answered: ${words}`;
  for (const animation of shown.getAnimations()) animation.cancel();
  if (!words) return;
  shown.animate({ opacity: [1, 1, 0] }, { duration: ANSWERED_MILLISECONDS }).finished
    .then(() => { shown.textContent = ""; }, () => { /* The next answer took its place. */ });
}

export function showNetwork(text) {
  at("network").hidden = !text;
  at("network-text").textContent = text;
}

// Say that nothing is lost: `count` answers wait here, because of `error`.
export function showWaiting(count, error, signInUrl) {
  if (error instanceof SignedOut) return showSignedOut(count, signInUrl);
  at("dry").textContent = "The next task comes with the connection.";
  const kept = count === 1 ? "Your answer is kept here and will be sent" : `${plural(count, "answer is", "answers are")} kept here and will be sent`;
  return showNetwork(`No connection. ${count ? kept : "The next task comes"} when it is back.`);
}

function showSignedOut(count, signInUrl) {
  at("dry").textContent = "The next task comes when you are signed in again.";
  showNetwork(count ? "You are signed out; your answers are kept here. " : "You are signed out. ");
  const link = document.createElement("a");
  link.href = `${signInUrl}?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = "Sign in again";
  at("network-text").append(link);
}
