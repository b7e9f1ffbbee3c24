// Answers wait here until the server has them: written before sending, removed after the receipt.
// Each has its own key, so that two tabs cannot overwrite each other, and its idempotency key makes
// a second sending harmless.

import { Refused, SignedOut, Unreachable } from "./label_api.js";

const FIRST_WAIT_MILLISECONDS = 2_000;
const LONGEST_WAIT_MILLISECONDS = 60_000;

// randomUUID exists only over HTTPS and on localhost; a trial in a local network has neither.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Outbox {
  #sending = null;
  #timer = null;
  #wait = FIRST_WAIT_MILLISECONDS;
  #memory = new Map();

  // `on` has delivered(entry, result), refused(entry, message), waiting(count, error) and empty().
  constructor(prefix, send, on) {
    Object.assign(this, { prefix, send, on });
    window.addEventListener("online", () => this.deliver());
  }

  put(entry) {
    this.#memory.set(entry.idempotency_key, entry);
    try {
      localStorage.setItem(this.prefix + entry.idempotency_key, JSON.stringify(entry));
    } catch {
      // Storage is full or forbidden: the answer then lives as long as this page does.
    }
  }

  remove(key) {
    this.#memory.delete(key);
    try {
      localStorage.removeItem(this.prefix + key);
    } catch {
      // It was never stored, then.
    }
  }

  entries() {
    const found = new Map(this.#memory);
    try {
      for (let index = 0; index < localStorage.length; index += 1) {
        const key = localStorage.key(index);
        if (key.startsWith(this.prefix)) found.set(key.slice(this.prefix.length), JSON.parse(localStorage.getItem(key)));
      }
    } catch {
      // What is in memory is all there is.
    }
    return [...found.values()].sort((one, other) => one.at - other.at);
  }

  has(key) {
    return this.entries().some((entry) => entry.idempotency_key === key);
  }

  // Send everything that waits, oldest first; a call during a sending joins it.
  deliver() {
    this.#sending ??= this.#deliverAll().finally(() => { this.#sending = null; });
    return this.#sending;
  }

  async #deliverAll() {
    clearTimeout(this.#timer);
    for (let entry = this.entries()[0]; entry; entry = this.entries()[0]) {
      if (!(await this.#deliverOne(entry))) return;
    }
    this.#wait = FIRST_WAIT_MILLISECONDS;
    this.on.empty();
  }

  async #deliverOne(entry) {
    const { at, ...body } = entry;
    try {
      const result = await this.send(body);
      this.remove(entry.idempotency_key);
      this.on.delivered(entry, result);
      return true;
    } catch (error) {
      return this.#afterFailure(entry, error);
    }
  }

  #afterFailure(entry, error) {
    if (error instanceof Refused) {
      this.remove(entry.idempotency_key);
      this.on.refused(entry, error.message);
      return true;
    }
    if (!(error instanceof Unreachable || error instanceof SignedOut)) throw error;
    this.on.waiting(this.entries().length, error);
    this.#timer = setTimeout(() => this.deliver(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MILLISECONDS);
    return false;
  }
}
