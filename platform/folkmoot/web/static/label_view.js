// Draw a task's payload. Text is set as text, never as markup.

import { element } from "./elements.js";

const LONG_TEXT = 80;

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

// A picture of a host that the policy does not name stays out; the person is told, and can skip.
export function pictureOf(source, alt) {
  const image = element("img", { className: "payload-image", alt: alt || "The picture to judge", referrerPolicy: "no-referrer", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(element("p", "payload-broken", "This picture cannot be shown. Skip the task as broken: that never counts against you.")), { once: true });
  image.src = source;
  return image;
}

function zoomable(image) {
  const button = element("button", { className: "zoom", type: "button", "aria-pressed": "false", title: "Zoom" }, image);
  button.addEventListener("click", () => button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") === "false")));
  return button;
}

function conversation(messages) {
  const first = messages[0]?.role;
  const bubbles = messages.map(({ role, text }) =>
    element("li", role === first ? "" : "second", element("span", "speaker", role ?? ""), text ?? ""));
  return element("ul", "bubbles", ...bubbles);
}

function longText([key, value]) {
  return element("div", "payload-part", element("h2", "payload-name", nameOf(key)), element("p", "payload-text", value));
}

function record(fields) {
  const cells = fields.map(([key, value]) =>
    element("div", "", element("dt", "", nameOf(key)), element("dd", "", valueText(value))));
  return element("dl", "record", ...cells);
}

function isSimple(value) {
  return typeof value !== "object" || value === null || (Array.isArray(value) && value.every((each) => typeof each !== "object"));
}

const PICTURE = /^(data:image\/|[^\s]+\.(avif|gif|jpe?g|png|svg|webp)(\?\S*)?$)/i;

function isPicture(value) {
  return typeof value === "string" && PICTURE.test(value);
}

// One thing of several: a text, a picture, or an object like a payload.
export function partsOfValue(value) {
  if (isPicture(value)) return [pictureOf(value)];
  if (value !== null && typeof value === "object" && !Array.isArray(value)) return partsOf(value, { isPlain: true });
  return [element("p", "payload-text", valueText(value))];
}

// What a payload holds decides how it is drawn: text, image, messages, other long texts; the rest is
// a record. `isPlain` leaves out what only a whole task has: zoom.
export function partsOf(payload, { isPlain = false } = {}) {
  const { text, image, alt, messages, ...rest } = payload;
  const parts = [];
  const pictures = [image, ...Object.values(rest).filter(isPicture)].filter((source) => typeof source === "string");
  for (const source of pictures) parts.push(isPlain ? pictureOf(source, alt) : zoomable(pictureOf(source, alt)));
  if (typeof text === "string") parts.push(element("p", "payload-text", text));
  if (Array.isArray(messages)) parts.push(conversation(messages));
  const fields = Object.entries(rest).filter(([, value]) => isSimple(value) && !isPicture(value));
  // A text alone needs no name, whatever its field is called.
  if (fields.length === 1 && parts.length === 0 && typeof fields[0][1] === "string") {
    return [element("p", "payload-text", fields[0][1])];
  }
  const isLong = ([, value]) => typeof value === "string" && value.length > LONG_TEXT;
  parts.push(...fields.filter(isLong).map(longText));
  const short = fields.filter((field) => !isLong(field));
  if (short.length) parts.push(record(short));
  return parts;
}

export function drawPayload(target, payload, shownElsewhere = []) {
  const left = Object.entries(payload).filter(([key]) => !shownElsewhere.includes(key));
  target.replaceChildren(...partsOf(Object.fromEntries(left)));
  target.hidden = !target.hasChildNodes();
}

// The pictures of a task to come are fetched now, so that they are there when the task is.
export function fetchPictures(payload) {
  const sources = Object.entries(payload).filter(([key, value]) => isPicture(value) || (key === "image" && typeof value === "string"));
  for (const [, source] of sources) Object.assign(new Image(), { referrerPolicy: "no-referrer", src: source });
}
