// How long somebody really worked: idle gaps and hidden tabs do not count.

const LONGEST_THOUGHT_MILLISECONDS = 60_000;
const SIGNS_OF_LIFE = ["pointerdown", "pointermove", "keydown", "scroll", "touchstart"];

export class ActiveClock {
  #counted = 0;
  #since = null;

  constructor() {
    for (const sign of SIGNS_OF_LIFE) {
      document.addEventListener(sign, () => this.touch(), { passive: true, capture: true });
    }
    document.addEventListener("visibilitychange", () => (document.hidden ? this.stop() : this.resume()));
    this.lastSign = performance.now();
  }

  // A gap counts only up to the longest thought; the rest was something else than work.
  touch() {
    const now = performance.now();
    if (this.#since !== null) {
      this.#counted += Math.min(now - this.#since, LONGEST_THOUGHT_MILLISECONDS);
      this.#since = now;
    }
    this.lastSign = now;
  }

  restart() {
    this.#counted = 0;
    this.#since = document.hidden ? null : performance.now();
  }

  stop() {
    this.touch();
    this.#since = null;
  }

  resume() {
    this.#since = performance.now();
    this.lastSign = this.#since;
  }

  seconds() {
    this.touch();
    return Math.round(this.#counted / 100) / 10;
  }

  idleMilliseconds() {
    return performance.now() - this.lastSign;
  }
}
