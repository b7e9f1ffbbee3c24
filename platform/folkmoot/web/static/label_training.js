// What is said after a training task; it stays until the person goes on.

import { element, icon } from "./elements.js";

const at = (id) => document.getElementById(id);

function outcome({ was_right: wasRight }) {
  const text = wasRight ? "Agrees with the checked answer" : "Differs from the checked answer";
  return element("h2", `outcome ${wasRight ? "is-same" : "is-other"}`, wasRight ? icon("circle-check") : icon("arrows-diff"), text);
}

function progress({ seen, right, needed }) {
  return element("p", "soft", `Training ${Math.min(seen, needed)} of ${needed} · ${right} agreed`);
}

function ending({ has_passed: hasPassed, right, needed }) {
  if (hasPassed === null || hasPassed === undefined) return null;
  if (hasPassed) return element("p", "strong", `Training passed: ${right} of ${needed} agreed. From the next task on, your answers count.`);
  return element("p", "strong", `Not enough this time: ${right} of ${needed} agreed. Read the instructions once more; a new round begins with the next task. What you earned stays yours.`);
}

// Let the person see both answers where they were given.
function comparison(widget, own, checked) {
  const choice = (text, answer) => {
    const button = element("button", { className: "btn", type: "button", "aria-pressed": String(answer === own) }, text);
    button.addEventListener("click", () => {
      widget.setAnswer(answer);
      for (const each of button.parentElement.children) each.setAttribute("aria-pressed", String(each === button));
    });
    return button;
  };
  return element("div", { className: "switch", role: "group", "aria-label": "Which answer to show" }, choice("Your answer", own), choice("Checked answer", checked));
}

// For whoever has gone on meanwhile, without a network.
export function inOneLine({ was_right: wasRight, explanation }) {
  return `Your training answer ${wasRight ? "agrees with" : "differs from"} the checked one. ${explanation}`.trim();
}

export class Feedback {
  get isOpen() { return !at("feedback").hidden; }

  // While the receipt is on its way; without a network it comes later, and the work may go on.
  await(text) {
    at("feedback-text").replaceChildren(element("p", "soft", text));
    this.#open();
  }

  show(feedback, widget, own) {
    const isOther = !feedback.was_right;
    at("feedback-text").replaceChildren(
      outcome(feedback),
      ...(isOther ? [element("p", "", element("span", "soft", "Checked answer: "), element("strong", "", widget.words(feedback.checked_answer)))] : []),
      ...(feedback.explanation ? [element("p", "why", feedback.explanation)] : []),
      ...(isOther ? [comparison(widget, own, feedback.checked_answer)] : []),
      ending(feedback) ?? progress(feedback),
    );
    this.#open();
  }

  close() {
    at("feedback").hidden = true;
    at("answer-form").removeAttribute("data-feedback");
  }

  #open() {
    at("feedback").hidden = false;
    at("answer-form").setAttribute("data-feedback", "");
    at("feedback-next").focus({ preventScroll: true });
    at("feedback").scrollIntoView({ block: "end" });
  }
}

