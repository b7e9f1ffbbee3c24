// What every page shares: relative times, menus that close, forms that ask first and send once.

const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
const REFRESH_MILLISECONDS = 30_000;

export function relativeText(date, now = Date.now()) {
  const seconds = Math.round((date.getTime() - now) / 1000);
  const found = UNITS.find(([, size]) => Math.abs(seconds) >= size);
  if (!found) return seconds > 0 ? "in less than a minute" : "just now";
  return relative.format(Math.trunc(seconds / found[1]), found[0]);
}

function showRelativeTimes(root = document) {
  for (const time of root.querySelectorAll("time[data-relative]")) {
    time.textContent = relativeText(new Date(time.dateTime));
  }
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (menu !== except) menu.open = false;
  }
}

function closeMenuByKey(event) {
  const menu = event.key === "Escape" && event.target.closest?.("details[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// Ask in a dialog of our own, so that the question can be read aloud and styled.
export function ask(question, confirmText) {
  const heading = element("h2", { id: "confirm-question", textContent: question });
  const no = element("button", { className: "btn", value: "no", textContent: "Cancel" });
  const yes = element("button", { className: "btn btn-primary", value: "yes", textContent: confirmText });
  const form = element("form", { method: "dialog" }, heading, element("div", { className: "actions" }, no, yes));
  const dialog = element("dialog", {}, form);
  dialog.setAttribute("aria-labelledby", heading.id);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

async function confirmFirst(event) {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await ask(form.dataset.confirm, form.dataset.confirmText))) return;
  form.dataset.confirmed = "yes";
  form.requestSubmit(event.submitter);
}

// A second press of the same button must not post a second time.
function sendOnce(event) {
  const form = event.target;
  // A form that is answered by a file stays where it is, and may be sent again.
  if (event.defaultPrevented || form.method !== "post" || "downloads" in form.dataset) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-disabled", "true");
}

// A page that comes back from the browser's memory can be sent again.
function allowSendingAgain() {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    delete form.dataset.confirmed;
    form.querySelectorAll("[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
  }
}

// On a phone the tabs are wider than the screen: the present one must be among those in view.
function showPresentTab() {
  for (const tab of document.querySelectorAll(".tabs > [aria-current]")) {
    const tabs = tab.parentElement;
    tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;
  }
}

async function copyText(button) {
  const source = document.getElementById(button.dataset.copy);
  // The clipboard exists only over HTTPS and on localhost; elsewhere the text is selected instead.
  if (!navigator.clipboard) {
    window.getSelection().selectAllChildren(source);
    return;
  }
  await navigator.clipboard.writeText(source.textContent.trim());
  const before = button.textContent;
  button.textContent = "Copied";
  window.setTimeout(() => { button.textContent = before; }, 2000);
}

function handleClick(event) {
  const target = event.target;
  closeMenus(target.closest("details[data-menu]"));
  const opener = target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  if (target.closest("[data-closes]")) target.closest("dialog").close();
  const copier = target.closest("[data-copy]");
  if (copier) copyText(copier);
  // A press on the backdrop reports the dialog itself as its target.
  if (target instanceof HTMLDialogElement && target.open && "lightDismiss" in target.dataset) target.close();
}

document.addEventListener("click", handleClick);
document.addEventListener("keydown", closeMenuByKey);
document.addEventListener("submit", confirmFirst, { capture: true });
document.addEventListener("submit", sendOnce);
window.addEventListener("pageshow", allowSendingAgain);
document.body.addEventListener("htmx:afterSwap", (event) => showRelativeTimes(event.target));
document.body.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
});
showRelativeTimes();
showPresentTab();
window.setInterval(showRelativeTimes, REFRESH_MILLISECONDS);
