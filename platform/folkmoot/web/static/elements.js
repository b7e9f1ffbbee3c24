// Build elements from text only: nothing that a task says is ever read as markup.

const SPRITE = new URL("vendor/icons.svg", import.meta.url).pathname;
const SVG = "http://www.w3.org/2000/svg";

// element("li", "class", child, …) or element("button", { className, type, … }, child, …)
export function element(tag, properties, ...children) {
  const made = document.createElement(tag);
  const given = typeof properties === "string" ? { className: properties } : properties ?? {};
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === "") continue;
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function icon(name) {
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("class", "icon");
  drawn.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${SPRITE}#icon-${name}`);
  drawn.append(use);
  return drawn;
}

export function iconButton(name, label, onClick) {
  const button = element("button", { className: "icon-button", type: "button", "aria-label": label, title: label }, icon(name));
  button.addEventListener("click", onClick);
  return button;
}

export function plural(count, one, many) {
  return `${count} ${count === 1 ? one : many}`;
}
