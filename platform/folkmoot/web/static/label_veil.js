// What may be hard to look at stays blurred until it is asked for: each task anew, never remembered.

const at = (id) => document.getElementById(id);

export class Veil {
  constructor(onShown) {
    this.onShown = onShown;
    at("unveil").addEventListener("click", () => this.lift());
  }

  get isDown() { return !at("veil").hidden; }

  // `warning` says what may be seen, in words; "" for a task that needs no veil.
  set(warning) {
    this.#draw(Boolean(warning));
    at("veil-text").textContent = `This task may show ${warning}.`;
  }

  lift() {
    if (!this.isDown) return;
    this.#draw(false);
    this.onShown();
  }

  #draw(isDown) {
    at("veil").hidden = !isDown;
    at("task").toggleAttribute("data-veiled", isDown);
    // Neither a key nor a screen reader reaches what is behind it, nor answers it unseen.
    at("material").inert = isDown;
    at("controls").inert = isDown;
    at("send").disabled = isDown;
  }
}
