// What is on the screen: one task with its widget, or why there is none.

import { element } from "./elements.js";
import { relativeText } from "./app.js";
import { Feedback } from "./label_training.js";
import { Veil } from "./label_veil.js";
import { drawPayload } from "./label_view.js";

// The second press of a double click must not answer the task that has just appeared.
const SETTLING_MILLISECONDS = 300;
// A bar of answers that takes more of the window than this hides the task, so it does not cling.
const MOST_OF_THE_WINDOW = 0.5;
// A suggestion to these is work done already; to the others it is only words.
const STARTED_FROM = new Set(["text", "spans", "boxes", "ranking"]);

const at = (id) => document.getElementById(id);

export class Screen {
  widget = null;
  #shownAt = 0;

  constructor(kind, question, instructionsVersion, on) {
    Object.assign(this, { kind, question, instructionsVersion, on });
    this.feedback = new Feedback();
    this.veil = new Veil(() => this.#afterUnveiling());
    new ResizeObserver(() => this.#dock()).observe(at("answer-form"));
    window.addEventListener("resize", () => this.#dock());
  }

  // Load what this kind of task needs, once.
  async prepare() {
    this.module = await import(`./widgets/${this.kind}.js`);
    await this.module.prepare?.();
  }

  isReady() {
    return !this.veil.isDown && !this.feedback.isOpen && performance.now() - this.#shownAt > SETTLING_MILLISECONDS;
  }

  show(lease, previousAnswer) {
    this.#shownAt = performance.now();
    this.clear();
    this.feedback.close();
    at("task").hidden = at("answer-form").hidden = false;
    at("finished").hidden = true;
    this.#mount(lease);
    at("new-instructions").hidden = lease.instructions_version <= this.instructionsVersion;
    at("training").hidden = !lease.is_training;
    this.veil.set(lease.content_warning);
    if (previousAnswer !== undefined) this.widget.setAnswer(previousAnswer);
    this.changed();
    this.#arrive();
  }

  #mount(lease) {
    const places = { stage: at("stage"), controls: at("controls") };
    const on = { changed: () => this.changed(), send: () => this.on.send(), isReady: () => this.on.isReady() };
    this.widget = this.module.mount(places, { schema: lease.schema, payload: lease.payload, question: this.question }, on);
    at("stage").hidden = !at("stage").hasChildNodes();
    at("send").hidden = this.widget.sendsAtOnce;
    drawPayload(at("payload"), lease.payload, this.widget.shows);
    this.#suggest(lease.suggestion ?? null);
    this.#dock();
  }

  // It is the machine's and only words: nothing is chosen until the person does so.
  #suggest(suggestion) {
    at("suggestion").hidden = suggestion === null;
    if (suggestion === null) return;
    at("suggestion-text").textContent = this.widget.words(suggestion);
    const start = element("button", { className: "btn btn-quiet", type: "button" }, "Start from it");
    start.addEventListener("click", () => this.widget.setAnswer(suggestion));
    at("suggestion-start").replaceChildren(...(STARTED_FROM.has(this.kind) ? [start] : []));
  }

  #arrive() {
    const material = at("material");
    material.classList.remove("arriving");
    // Reading a layout property restarts the animation for the new task.
    void material.offsetWidth;
    material.classList.add("arriving");
    if (this.veil.isDown) at("unveil").focus({ preventScroll: true });
    else this.focusTask();
    window.scrollTo({ top: 0 });
  }

  focusTask() {
    if (!this.widget?.focus()) at("task").focus({ preventScroll: true });
  }

  #afterUnveiling() {
    this.#shownAt = performance.now();
    this.changed();
    this.focusTask();
  }

  changed() {
    // A widget that is still being made has no answer to speak of.
    if (!this.widget) return;
    at("missing").textContent = "";
    at("send").textContent = this.widget.sendText();
    at("send").disabled = this.veil.isDown;
    at("send").toggleAttribute("data-quiet", !this.widget.isComplete() || this.widget.isEmpty());
  }

  // The answer, or null after saying what is missing.
  read() {
    const missing = this.widget.missing();
    at("missing").textContent = missing;
    return missing ? null : this.widget.answer();
  }

  clear() {
    this.widget?.destroy();
    this.widget = null;
    at("payload").replaceChildren();
    at("stage").hidden = at("suggestion").hidden = at("training").hidden = true;
    at("missing").textContent = "";
  }

  // Answers with a long way down stay under the task, and so does whatever is typed into.
  #dock() {
    const form = at("answer-form");
    const isLow = form.offsetHeight <= window.innerHeight * MOST_OF_THE_WINDOW;
    form.toggleAttribute("data-docked", isLow && !this.widget?.isTyped);
  }

  showFinished({ message, code, retryAt }) {
    this.clear();
    this.feedback.close();
    at("task").hidden = at("answer-form").hidden = true;
    at("finished").hidden = false;
    at("finished").dataset.code = code;
    at("finished-title").textContent = { "": "All done here for now", "not-now": "Not now" }[code] ?? "No task now";
    if (message) at("finished-text").textContent = message;
    at("finished-when").textContent = retryAt ? `You can go on at ${timeOf(retryAt)} (${relativeText(retryAt)}).` : "";
    at("finished").focus();
  }
}

function timeOf(date) {
  const isToday = date.toDateString() === new Date().toDateString();
  return date.toLocaleString("en", isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}
