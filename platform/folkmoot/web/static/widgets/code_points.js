// Offsets as the server counts them: in Unicode code points. A browser counts UTF-16 units, of
// which an emoji has two, so that every offset is translated where it comes and where it goes.

export function lengthOf(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

// A translation for one text, in both directions; it is made once, since texts can be long.
export class Offsets {
  #units = [0];
  #points = new Map([[0, 0]]);

  constructor(text) {
    for (const character of text) {
      this.#units.push(this.#units.at(-1) + character.length);
      this.#points.set(this.#units.at(-1), this.#units.length - 1);
    }
  }

  unitsOf(point) { return this.#units[point]; }

  // An offset within a character counts as the character's end, or as its beginning.
  pointOf(unit, { atEnd = false } = {}) {
    return this.#points.get(unit) ?? this.#points.get(atEnd ? unit + 1 : unit - 1);
  }
}
