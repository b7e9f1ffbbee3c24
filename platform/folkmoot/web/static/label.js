// The labelling loop: show a task, take the answer, show the next one at once.
//
// As many tasks are fetched ahead as one may hold. An answer goes into the outbox first and is sent from there, so
// neither a lost network nor a closed page loses it. `Desk` holds what is on the screen; the clock,
// the outbox, the calls and the drawing have their own modules.

import { LabelApi, Refused, Unreachable } from "./label_api.js";
import { ActiveClock } from "./label_clock.js";
import { bindKeys } from "./label_keys.js";
import { Breaks, offerUndo, say, showAnswered, showCount, showNetwork, showWaiting } from "./label_notices.js";
import { Outbox, newKey } from "./label_outbox.js";
import { TaskQueue } from "./label_queue.js";
import { AnswerForm, drawPayload } from "./label_view.js";

const HEARTBEAT_MILLISECONDS = 45_000;
const IDLE_LIMIT_MILLISECONDS = 600_000;
const RETRY_MILLISECONDS = 4_000;
// The second press of a double click must not answer the task that has just appeared.
const SETTLING_MILLISECONDS = 300;

const at = (id) => document.getElementById(id);

class Desk {
  tasks = new TaskQueue();
  last = null;
  answered = 0;
  shownAt = 0;
  refilling = null;
  isBusy = false;
  breaks = new Breaks();

  constructor(root) {
    const { url, viewer, slug, kind, instructionsVersion, signIn } = root.dataset;
    this.signIn = signIn;
    this.instructionsVersion = Number(instructionsVersion);
    this.api = new LabelApi(url, document.querySelector('meta[name="csrf-token"]').content);
    this.clock = new ActiveClock();
    this.form = new AnswerForm(at("answer-form"), kind);
    this.outbox = new Outbox(`folkmoot.outbox.${viewer}.${slug}.`, (entry) => this.api.answer(entry), {
      delivered: (entry, result) => this.afterDelivery(entry, result),
      refused: (entry, message) => this.afterRefusal(entry, message),
      waiting: (count, error) => showWaiting(count, error, signIn),
      empty: () => showNetwork(""),
    });
  }

  async start() {
    await this.outbox.deliver();
    await this.advance();
    setInterval(() => this.heartbeat(), HEARTBEAT_MILLISECONDS);
  }

  // ---- Tasks ------------------------------------------------------------------------------

  // Fetch until no more may be held, so that a lost network leaves some work to do.
  async stock() {
    let isMore = true;
    while (isMore) isMore = await this.refill();
  }

  // Fetch one task and say whether it came; a call during a fetch joins it.
  refill() {
    this.refilling ??= this.fetchNext().finally(() => { this.refilling = null; });
    return this.refilling;
  }

  async fetchNext() {
    if (!this.tasks.hasRoom) return false;
    try {
      const { lease, message } = await this.api.next(this.tasks.holding());
      this.emptyMessage = message;
      this.isCutOff = false;
      if (!this.outbox.entries().length) showNetwork("");
      return this.tasks.add(lease);
    } catch (error) {
      this.afterNoTask(error);
      return false;
    }
  }

  afterNoTask(error) {
    this.isCutOff = !(error instanceof Refused);
    if (error instanceof Refused) {
      this.emptyMessage = error.message;
      return;
    }
    showWaiting(this.outbox.entries().length, error, this.signIn);
    if (error instanceof Unreachable) setTimeout(() => this.refill().then(() => this.showIfIdle()), RETRY_MILLISECONDS);
  }

  showIfIdle() {
    if (!this.tasks.current) this.advance();
  }

  async advance() {
    if (!this.tasks.hasNext) await this.refill();
    // A retry, or an answer taken back, may have brought a task to the screen meanwhile.
    if (this.tasks.current) return undefined;
    const lease = this.tasks.take();
    at("desk").toggleAttribute("data-waiting", !lease);
    // While answers are on their way, their places are still held; a task may come after them.
    const mayCome = this.isCutOff || this.outbox.entries().length > 0;
    if (!lease) return mayCome ? this.showNothing() : this.showFinished();
    this.show(lease);
    return this.stock();
  }

  show(lease, previousAnswer) {
    this.shownAt = performance.now();
    this.clock.restart();
    drawPayload(at("payload"), lease.payload);
    at("new-instructions").hidden = lease.instructions_version <= this.instructionsVersion;
    at("desk").removeAttribute("data-waiting");
    at("task").hidden = at("answer-form").hidden = false;
    at("finished").hidden = true;
    if (previousAnswer === undefined) this.form.clear();
    else this.form.fill(previousAnswer);
    at("task").focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
    this.breaks.suggest(this.clock.idleMilliseconds());
  }

  showNothing() {
    at("payload").replaceChildren();
    this.form.clear();
  }

  showFinished() {
    at("task").hidden = at("answer-form").hidden = true;
    at("finished").hidden = false;
    if (this.emptyMessage) at("finished-text").textContent = this.emptyMessage;
    at("finished").focus();
  }

  // ---- Acts -------------------------------------------------------------------------------

  isReady() {
    return this.tasks.current && !this.isBusy && performance.now() - this.shownAt > SETTLING_MILLISECONDS;
  }

  send() {
    const answer = this.isReady() ? this.form.read() : null;
    if (answer === null) return;
    const lease = this.tasks.current;
    const entry = {
      ...(lease.revises ? { revises: lease.revises } : { lease_id: lease.id }),
      answer,
      active_seconds: this.clock.seconds(),
      idempotency_key: newKey(),
      at: Date.now(),
    };
    this.outbox.put(entry);
    this.tasks.leave(lease);
    this.last = { lease, entry, label: null };
    this.answered += 1;
    showCount(this.answered);
    offerUndo(true);
    showAnswered(this.form.wordsFor(answer));
    say("");
    this.advance();
    this.outbox.deliver();
  }

  async skip(reason) {
    const lease = this.tasks.current;
    if (!lease || this.isBusy || lease.revises) return;
    this.tasks.leave(lease);
    say("Skipped.");
    this.advance();
    try {
      await this.api.skip(lease.id, reason);
    } catch (error) {
      // The place becomes free by itself when the lease runs out, so nothing needs keeping.
      if (!(error instanceof Unreachable)) say(error.message);
    } finally {
      this.tasks.arrived(lease.id);
    }
  }

  // Take the last answer back: from the outbox when it has not left, else from the server.
  async undo() {
    if (!this.last || this.isBusy) return;
    this.isBusy = true;
    try {
      await this.outbox.deliver();
      await this.takeBack(this.last);
    } catch (error) {
      say(error instanceof Unreachable ? "No connection: it can be taken back later." : error.message);
    } finally {
      this.isBusy = false;
    }
  }

  async takeBack({ lease, entry, label }) {
    let task = lease;
    let answer = entry.answer;
    if (this.outbox.has(entry.idempotency_key)) {
      this.outbox.remove(entry.idempotency_key);
    } else if (label) {
      const taken = await this.api.undo(label.id);
      task = { ...lease, revises: label.id };
      answer = taken.previous_answer;
    } else {
      this.last = null;
      return;
    }
    this.tasks.putFirst(task);
    this.last = null;
    offerUndo(false);
    this.answered = Math.max(0, this.answered - 1);
    showCount(this.answered);
    this.show(task, answer);
    showAnswered("");
    say("Taken back. Answer again.");
  }

  // ---- What came back ---------------------------------------------------------------------

  afterDelivery(entry, { label, today }) {
    this.tasks.arrived(entry.lease_id);
    if (this.last?.entry.idempotency_key === entry.idempotency_key) this.last.label = label;
    at("earned").textContent = today.earned_text;
    at("minutes").textContent = today.minutes;
    if (label.message) say(label.message);
    // The place that this answer held is free for another task now.
    if (this.tasks.current) this.stock();
    else this.advance();
  }

  afterRefusal(entry, message) {
    this.tasks.arrived(entry.lease_id);
    if (this.last?.entry.idempotency_key === entry.idempotency_key) this.last = null;
    offerUndo(Boolean(this.last));
    say(message);
  }

  async heartbeat() {
    const ids = this.tasks.held();
    if (!ids.length || document.hidden || this.clock.idleMilliseconds() > IDLE_LIMIT_MILLISECONDS) return;
    try {
      await this.api.heartbeat(ids);
    } catch {
      // A missed renewal costs nothing by itself: a late answer is kept and paid.
    }
  }
}

const desk = new Desk(at("desk"));
bindKeys(desk);
desk.start();
