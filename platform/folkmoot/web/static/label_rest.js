// Time since the last break, the reminder of one, and the break itself.

const MINUTE_SECONDS = 60;
const TICK_MILLISECONDS = 5_000;
const LATER_SECONDS = 10 * MINUTE_SECONDS;
const LONGEST_STEP_SECONDS = 60;

const at = (id) => document.getElementById(id);

export class Rest {
  #seconds = 0;
  #askedAt = 0;
  #lastTick = Date.now();

  // `on` has begun() and ended(): a break.
  constructor(breakAfterMinutes, clock, on) {
    Object.assign(this, { breakAfter: breakAfterMinutes * MINUTE_SECONDS, clock, on });
    setInterval(() => this.#tick(), TICK_MILLISECONDS);
    at("break-later").addEventListener("click", () => this.#later());
    at("break-take").addEventListener("click", () => at("pause").showModal());
    new MutationObserver(() => this.#pauseChanged()).observe(at("pause"), { attributeFilter: ["open"] });
  }

  get isOn() { return at("pause").open; }

  // The server counts over all pages of a person; between two of its words, this page goes on.
  heard({ seconds_since_break: seconds, notice }) {
    this.#seconds = seconds;
    this.#lastTick = Date.now();
    if (notice) at("break-text").textContent = notice;
    this.#show();
  }

  #tick() {
    const now = Date.now();
    const step = (now - this.#lastTick) / 1000;
    this.#lastTick = now;
    if (this.clock.isActive()) this.#seconds += Math.min(step, LONGEST_STEP_SECONDS);
    this.#show();
  }

  #show() {
    const minutes = Math.floor(this.#seconds / MINUTE_SECONDS);
    at("minutes").textContent = minutes;
    if (!at("break-text").textContent) at("break-text").textContent = `You have worked ${minutes} minutes without a break.`;
    const isDue = this.#seconds >= Math.max(this.breakAfter, this.#askedAt);
    at("break-hint").hidden = !isDue;
    if (!isDue) at("break-text").textContent = "";
  }

  #later() {
    this.#askedAt = this.#seconds + LATER_SECONDS;
    this.#show();
  }

  #pauseChanged() {
    if (this.isOn) {
      this.clock.stop();
      at("break-hint").hidden = true;
      this.on.begun();
    } else {
      this.clock.resume();
      this.#lastTick = Date.now();
      this.on.ended();
    }
  }
}
