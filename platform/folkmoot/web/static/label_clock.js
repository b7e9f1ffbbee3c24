// How long somebody really worked: idle gaps, hidden tabs and breaks do not count.

const LONGEST_THOUGHT_MILLISECONDS = 60_000;
const SIGNS_OF_LIFE = ["pointerdown", "pointermove", "keydown", "wheel", "touchmove"];

export class ActiveClock {
  #counted = 0;
  #since = null;
  #isStopped = false;

  constructor() {
    for (const sign of SIGNS_OF_LIFE) {
      // What a script makes up is no sign of life.
      document.addEventListener(sign, (event) => { if (event.isTrusted) this.touch(); }, { passive: true, capture: true });
    }
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#halt() : this.#go()));
    this.lastSign = performance.now();
  }

  // A gap counts only up to the longest thought; the rest was something else than work.
  touch() {
    this.#count();
    this.lastSign = performance.now();
  }

  #count() {
    if (this.#since === null) return;
    const now = performance.now();
    this.#counted += Math.min(now - this.#since, LONGEST_THOUGHT_MILLISECONDS);
    this.#since = now;
  }

  #halt() {
    this.#count();
    this.#since = null;
  }

  #go() {
    if (this.#isStopped || document.hidden) return;
    this.#since = performance.now();
    this.lastSign = this.#since;
  }

  restart() {
    this.#counted = 0;
    this.#since = null;
    this.#go();
  }

  stop() {
    this.#halt();
    this.#isStopped = true;
  }

  resume() {
    this.#isStopped = false;
    this.#go();
  }

  seconds() {
    this.#count();
    return Math.round(this.#counted / 100) / 10;
  }

  // Whether somebody is at work: no sign of life for longer than a thought is no work.
  isActive() {
    return !this.#isStopped && !document.hidden && this.idleMilliseconds() < LONGEST_THOUGHT_MILLISECONDS;
  }

  idleMilliseconds() {
    return performance.now() - this.lastSign;
  }
}
