// Draw a task's payload, and read and fill the answer form. Text is set as text, never as markup.

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function nameOf(key) {
  const words = key.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function valueText(value) {
  if (value === null || value === "") return "not known";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  return Array.isArray(value) ? value.map(valueText).join(", ") : String(value);
}

function picture(source) {
  const image = element("img", "payload-image");
  image.src = source;
  image.alt = "The picture to judge";
  image.addEventListener("click", () => image.classList.toggle("zoomed"));
  return image;
}

function conversation(messages) {
  const first = messages[0]?.role;
  const bubbles = messages.map(({ role, text }) =>
    element("li", role === first ? "" : "second", element("span", "speaker", role ?? ""), text));
  return element("ul", "bubbles", ...bubbles);
}

function record(fields) {
  const cells = fields.map(([key, value]) =>
    element("div", "", element("dt", "", nameOf(key)), element("dd", "", valueText(value))));
  return element("dl", "record", ...cells);
}

// What a payload holds decides how it is drawn: text, image, messages; the rest is a record.
export function drawPayload(target, payload) {
  const { text, image, messages, ...rest } = payload;
  const parts = [];
  if (typeof image === "string") parts.push(picture(image));
  if (typeof text === "string") parts.push(element("p", "payload-text", text));
  if (Array.isArray(messages)) parts.push(conversation(messages));
  const isSimple = (value) => typeof value !== "object" || value === null || Array.isArray(value);
  const fields = Object.entries(rest).filter(([, value]) => isSimple(value));
  if (fields.length) parts.push(record(fields));
  target.replaceChildren(...parts);
  target.classList.remove("arriving");
  // Reading a layout property restarts the animation for the new task.
  void target.offsetWidth;
  target.classList.add("arriving");
}

export class AnswerForm {
  constructor(form, kind) {
    this.form = form;
    this.kind = kind;
    this.choices = [...form.querySelectorAll(".choice")];
  }

  get sendsAtOnce() {
    return this.kind === "single_choice";
  }

  clear() {
    this.form.reset();
    this.choices.forEach((choice) => choice.classList.remove("chosen"));
  }

  // Show the answer that was taken back; the person still has to send one.
  fill(answer) {
    this.clear();
    if (this.kind === "single_choice") {
      this.choices.find((choice) => choice.dataset.value === String(answer))?.classList.add("chosen");
    } else if (this.kind === "multiple_choice") {
      for (const box of this.form.querySelectorAll("input")) box.checked = answer.includes(box.value);
    } else {
      this.form.elements.answer.value = answer;
    }
  }

  // The answer as the server expects it, or null when there is none yet.
  read() {
    if (this.kind === "single_choice") return this.form.querySelector(".chosen")?.dataset.value ?? null;
    if (this.kind === "multiple_choice") return [...this.form.querySelectorAll("input:checked")].map((box) => box.value);
    const value = this.form.elements.answer.value.trim();
    if (!value || !this.form.reportValidity()) return null;
    return this.kind === "number" ? Number(value) : value;
  }

  // An answer in the words that stand on its button.
  wordsFor(answer) {
    if (!this.choices.length) return String(answer);
    const given = [answer].flat().map(String);
    const chosen = this.choices.filter((choice) => given.includes(choice.dataset.value ?? choice.querySelector("input").value));
    return chosen.map((choice) => choice.querySelector(".choice-text > span").textContent).join(", ") || "none of them";
  }

  // Choose the answer with this number key; true when there is one.
  choose(number) {
    const choice = this.choices[number - 1];
    if (!choice) return false;
    if (this.kind === "multiple_choice") {
      const box = choice.querySelector("input");
      box.checked = !box.checked;
    } else {
      this.mark(choice);
    }
    return true;
  }

  mark(choice) {
    this.choices.forEach((other) => other.classList.toggle("chosen", other === choice));
  }
}
