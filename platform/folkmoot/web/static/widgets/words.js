// The words of a text, and how a cursor walks over them.

export class Words {
  #words;

  constructor(text, language) {
    const segments = new Intl.Segmenter(language || undefined, { granularity: "word" }).segment(text);
    this.#words = [...segments].filter((one) => one.isWordLike || /\S/u.test(one.segment)).map(({ index, segment }) => ({ start: index, end: index + segment.length }));
  }

  get count() { return this.#words.length; }

  at(index) { return this.#words[index]; }

  // The word at an offset, or the nearest one before it; -1 where there is none.
  indexAt(offset) {
    const next = this.#words.findIndex(({ end }) => end > offset);
    return next < 0 ? this.#words.length - 1 : next;
  }

  // From the one word to the other, whichever comes first.
  between(one, other) {
    return { start: this.#words[Math.min(one, other)].start, end: this.#words[Math.max(one, other)].end };
  }
}
