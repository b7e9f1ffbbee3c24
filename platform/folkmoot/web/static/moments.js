// Exact times in the viewer's zone, with UTC beside them; without JavaScript UTC alone shows.

const LOCAL = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "medium",
});
const ZONE = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" });

function zoneName(date) {
  return ZONE.formatToParts(date).find((part) => part.type === "timeZoneName").value;
}

// Whoever lives by UTC need not read the same time twice.
function isUtc(date) {
  return date.getTimezoneOffset() === 0 && ["UTC", "GMT"].includes(zoneName(date));
}

function showLocalTimes(root = document) {
  for (const time of root.querySelectorAll("time[data-local]")) {
    const date = new Date(time.dateTime);
    if (isUtc(date)) continue;
    time.textContent = `${LOCAL.format(date)} ${zoneName(date)}`;
    time.hidden = false;
  }
}

document.body.addEventListener("htmx:afterSwap", (event) => showLocalTimes(event.target));
showLocalTimes();
