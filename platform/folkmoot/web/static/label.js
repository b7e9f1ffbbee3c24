// The labelling loop: show a task, take the answer, show the next one at once.
//
// As many tasks are fetched ahead as one may hold. An answer goes into the outbox first and is sent
// from there, so neither a lost network nor a closed page loses it; what is answered to it brings the
// next task. After a training task the page waits for what was right. `Desk` knows what comes after
// what; the screen, the clock, rest, the outbox and the calls have their own modules.

import { LabelApi, Refused, Unreachable } from "./label_api.js";
import { ActiveClock } from "./label_clock.js";
import { bindKeys } from "./label_keys.js";
import { offerUndo, say, showAnswered, showCount, showNetwork, showNotice, showWaiting } from "./label_notices.js";
import { Outbox, newKey } from "./label_outbox.js";
import { TaskQueue } from "./label_queue.js";
import { Rest } from "./label_rest.js";
import { Screen } from "./label_screen.js";
import { inOneLine } from "./label_training.js";
import { fetchPictures } from "./label_view.js";

const HEARTBEAT_MILLISECONDS = 15_000;
// So long a task is kept for somebody who is away; then another may have it.
const KEPT_MILLISECONDS = 900_000;
const RETRY_MILLISECONDS = 4_000;
const NOTHING = { message: "", code: "", retryAt: null };

const at = (id) => document.getElementById(id);

class Desk {
  tasks = new TaskQueue();
  last = null;
  note = "";
  refilling = null;
  isBusy = false;
  why = NOTHING;

  constructor(root) {
    const { url, viewer, slug, kind, question, instructionsVersion, breakAfterMinutes, signIn } = root.dataset;
    this.signIn = signIn;
    this.api = new LabelApi(url, document.querySelector('meta[name="csrf-token"]').content);
    this.clock = new ActiveClock();
    this.rest = new Rest(Number(breakAfterMinutes), this.clock, { begun: () => this.restBegun(), ended: () => this.restEnded() });
    this.screen = new Screen(kind, question, Number(instructionsVersion), { send: () => this.send(), isReady: () => this.isReady() });
    this.outbox = new Outbox(`folkmoot.outbox.${viewer}.${slug}.`, (entry) => this.api.answer(entry, this.wish(entry)), {
      delivered: (entry, result) => this.afterDelivery(entry, result),
      refused: (entry, message) => this.afterRefusal(entry, message),
      waiting: (count, error) => this.afterNoNetwork(count, error),
      empty: () => showNetwork(""),
    });
  }

  async start() {
    // What is answered to a delivery brings a task, so the screen must be there before.
    await this.screen.prepare();
    await this.outbox.deliver();
    await this.advance();
    setInterval(() => this.heartbeat(), HEARTBEAT_MILLISECONDS);
  }

  // ---- Tasks ------------------------------------------------------------------------------

  // Fetch until no more may be held, so that a lost network leaves some work to do.
  async stock() {
    let isMore = !this.rest.isOn;
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
      const next = await this.api.next(this.tasks.holding());
      this.isCutOff = false;
      if (!this.outbox.entries().length) showNetwork("");
      return this.keep(next);
    } catch (error) {
      this.afterNoTask(error);
      return false;
    }
  }

  // Keep a task that came, or why none did; true when there is a new one.
  keep({ lease, message, code, retry_at: retryAt }) {
    this.why = { message, code: code ?? "", retryAt: retryAt ? new Date(retryAt) : null };
    const isNew = this.tasks.add(lease);
    if (isNew) fetchPictures(lease.payload);
    return isNew;
  }

  // What the page holds when this answer has arrived; null where no other task is wanted.
  wish(entry) {
    return this.rest.isOn || entry.revises ? null : this.tasks.holdingAfter(entry.lease_id);
  }

  afterNoTask(error) {
    this.isCutOff = !(error instanceof Refused);
    if (error instanceof Refused) {
      this.why = { ...NOTHING, message: error.message, code: "refused" };
      return;
    }
    showWaiting(this.outbox.entries().length, error, this.signIn);
    if (error instanceof Unreachable) setTimeout(() => this.refill().then(() => this.showIfIdle()), RETRY_MILLISECONDS);
  }

  showIfIdle() {
    if (!this.tasks.current && !this.screen.feedback.isOpen) this.advance();
  }

  async advance() {
    if (!this.tasks.hasNext) await this.refill();
    // A retry, or an answer taken back, may have brought a task to the screen meanwhile.
    if (this.tasks.current) return undefined;
    const lease = this.tasks.take();
    at("desk").toggleAttribute("data-waiting", !lease);
    // While answers are on their way, their places are still held; a task may come after them.
    const mayCome = this.isCutOff || this.outbox.entries().length > 0;
    if (!lease) return mayCome ? this.screen.clear() : this.screen.showFinished(this.why);
    this.show(lease);
    return this.stock();
  }

  show(lease, previousAnswer) {
    this.writeNote("");
    at("desk").removeAttribute("data-waiting");
    this.screen.show(lease, previousAnswer);
    this.clock.restart();
  }

  // ---- Acts -------------------------------------------------------------------------------

  isReady() {
    return Boolean(this.tasks.current) && !this.isBusy && this.screen.isReady();
  }

  send() {
    const answer = this.isReady() ? this.screen.read() : null;
    if (answer === null) return;
    const lease = this.tasks.current;
    const entry = {
      ...(lease.revises ? { revises: lease.revises } : { lease_id: lease.id }),
      answer,
      active_seconds: this.clock.seconds(),
      note: this.note,
      idempotency_key: newKey(),
      at: Date.now(),
    };
    this.outbox.put(entry);
    this.tasks.leave(lease);
    this.last = { lease, entry, label: null };
    showCount(1);
    say("");
    if (lease.is_training) this.awaitFeedback();
    else this.goOn(answer);
    this.outbox.deliver();
  }

  goOn(answer) {
    offerUndo(true);
    showAnswered(this.screen.widget.words(answer));
    this.advance();
  }

  awaitFeedback() {
    offerUndo(false);
    this.screen.widget.lock(true);
    this.screen.feedback.await("Comparing with the checked answer.");
  }

  leaveFeedback() {
    this.screen.feedback.close();
    this.last = null;
    this.advance();
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

  writeNote(text) {
    this.note = text.trim();
    at("note-button").toggleAttribute("data-written", Boolean(this.note));
  }

  // Take the last answer back: from the outbox when it has not left, else from the server.
  async undo() {
    if (!this.last || this.last.lease.is_training || this.isBusy) return;
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
    showCount(-1);
    this.show(task, answer);
    showAnswered("");
    say("Taken back. Answer again.");
  }

  // ---- What came back ---------------------------------------------------------------------

  afterDelivery(entry, { label, today, next }) {
    this.tasks.arrived(entry.lease_id);
    at("earned").textContent = today.earned_text;
    if (label.message) say(label.message);
    showNotice(label.notice);
    if (next) this.keep(next);
    const isLast = this.last?.entry.idempotency_key === entry.idempotency_key;
    if (isLast) this.last.label = label;
    if (isLast && this.screen.feedback.isOpen) return this.showFeedback(entry, label);
    if (label.feedback) say(inOneLine(label.feedback));
    if (this.screen.feedback.isOpen) return undefined;
    return this.tasks.current ? this.stock() : this.advance();
  }

  showFeedback(entry, { feedback }) {
    if (!feedback) return this.leaveFeedback();
    return this.screen.feedback.show(feedback, this.screen.widget, entry.answer);
  }

  afterRefusal(entry, message) {
    this.tasks.arrived(entry.lease_id);
    if (this.last?.entry.idempotency_key === entry.idempotency_key) this.last = null;
    offerUndo(Boolean(this.last));
    if (this.screen.feedback.isOpen && !this.last) this.leaveFeedback();
    say(message);
  }

  afterNoNetwork(count, error) {
    showWaiting(count, error, this.signIn);
    if (this.screen.feedback.isOpen) this.screen.feedback.await("Your answer is kept here. What is right comes with the connection.");
  }

  // ---- Rest -------------------------------------------------------------------------------

  // The task on the screen waits; those fetched ahead go to others meanwhile.
  async restBegun() {
    const dropped = this.tasks.dropUpcoming();
    if (!dropped.length) return;
    try {
      await this.api.release(dropped);
    } catch {
      // They become free by themselves when their time is over.
    }
  }

  restEnded() {
    if (!this.tasks.current) return;
    this.screen.focusTask();
    this.stock();
  }

  async heartbeat() {
    const ids = this.tasks.held();
    if (!ids.length || document.hidden || this.clock.idleMilliseconds() > KEPT_MILLISECONDS) return;
    try {
      this.rest.heard(await this.api.beat(ids, this.clock.isActive()));
    } catch {
      // A missed renewal costs nothing by itself: a late answer is kept and paid.
    }
  }
}

const desk = new Desk(at("desk"));
bindKeys(desk);
desk.start();
