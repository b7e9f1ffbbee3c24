// The tasks of this page: the one on the screen, those fetched ahead, and those already done.

// The server lets one person hold so many tasks of a project.
const MOST_HELD = 3;

export class TaskQueue {
  current = null;
  #upcoming = [];
  #done = new Set();
  #leaving = new Set();

  get hasNext() {
    return this.#upcoming.length > 0;
  }

  // An answer that is still on its way keeps its place, too.
  get hasRoom() {
    return this.holding().length < MOST_HELD;
  }

  // The leases to renew; the one on the screen comes first.
  held() {
    return [this.current, ...this.#upcoming].filter(Boolean).map((lease) => lease.id);
  }

  // What the server must not hand out again: also tasks whose answer or skip is still on its way.
  holding() {
    return [...this.held(), ...this.#leaving];
  }

  // What stays here when the answer to `leaseId` has arrived, or null where that leaves no room.
  holdingAfter(leaseId) {
    const staying = this.holding().filter((id) => id !== leaseId);
    return staying.length < MOST_HELD ? staying : null;
  }

  // True when `lease` is new: a reply may name a task that is here already, or answered meanwhile.
  add(lease) {
    const isNew = Boolean(lease) && !this.#done.has(lease.id) && !this.held().includes(lease.id);
    if (isNew) this.#upcoming.push(lease);
    return isNew;
  }

  take() {
    this.current = this.#upcoming.shift() ?? null;
    return this.current;
  }

  // Show `task` first; what was on the screen comes after it.
  putFirst(task) {
    if (this.current) this.#upcoming.unshift(this.current);
    this.#leaving.delete(task.id);
    this.current = task;
  }

  // Give up what was fetched ahead, and return it; an answer taken back stays.
  dropUpcoming() {
    const dropped = this.#upcoming.filter((lease) => !lease.revises);
    this.#upcoming = this.#upcoming.filter((lease) => lease.revises);
    return dropped.map((lease) => lease.id);
  }

  leave(lease) {
    this.#done.add(lease.id);
    this.#leaving.add(lease.id);
    this.current = null;
  }

  arrived(leaseId) {
    this.#leaving.delete(leaseId);
  }
}
