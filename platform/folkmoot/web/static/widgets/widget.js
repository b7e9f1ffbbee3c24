// What every way of answering has in common.
//
// A module of this folder exports `mount(places, task, on)`, which returns a Widget, and may export
// `prepare()`, awaited once before the first task. Only the module of the project's task type is loaded.
//
//   places  {stage, controls}: elements beside the task and in the bar below it
//   task    {schema, payload, question}
//   on      {changed(), send(), isReady()}: the answer changed; the person sends it; may one answer yet

export class Widget {
  // The fields of the payload that this widget shows itself.
  shows = [];
  // Whether one press both answers and sends, so that no button to send is needed.
  sendsAtOnce = false;
  // Whether people type here; such controls never cling to the bottom, under a screen keyboard.
  isTyped = false;

  constructor({ stage, controls }, { schema, payload, question }, on) {
    Object.assign(this, { stage, controls, schema, payload, question, on });
  }

  // The answer as the server expects it; only asked for where nothing is missing.
  answer() { throw new Error("A widget says its answer."); }

  // Show an answer: one that is taken back, or the checked one.
  setAnswer(_answer) { throw new Error("A widget shows an answer."); }

  // What is still missing, as a sentence; "" once the answer may be sent.
  missing() { return ""; }

  isComplete() { return this.missing() === ""; }

  // An answer in words.
  words(answer) { return String(answer); }

  // What the button to send says.
  sendText() { return this.isEmpty() ? "Send: nothing to mark" : "Send answer"; }

  // Whether the answer is that there is nothing; it is sent by a quieter button.
  isEmpty() { return false; }

  // The keys that it knows, as [key, what it does].
  keys() { return []; }

  // Take a key; true when it was for this widget.
  press(_event) { return false; }

  // Where the work begins by keyboard; false leaves the focus at the task.
  focus() { return false; }

  // After the answer it only shows.
  lock(isLocked) { for (const place of [this.stage, this.controls]) place.inert = isLocked; }

  destroy() {
    this.lock(false);
    for (const place of [this.stage, this.controls]) place.replaceChildren();
  }
}

// "1" to "9" as 0 to 8, or -1.
export function numberKey(event) {
  return /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : -1;
}
