/* Live: asks every few seconds how many events are newer than the page, while somebody looks at it.
   What comes back is a link to them; nothing moves by itself. */
const $ = (selector) => document.querySelector(selector);
const EVERY_MS = 5_000;
const LONGEST_MS = 60_000;

let wait = EVERY_MS;
let timer = 0;
let isStopped = false;

const isOn = () => !isStopped && !document.hidden && ($("#live-switch")?.checked ?? false);
const show = (id, isShown) => { const part = $(`#${id}`); if (part) part.hidden = !isShown; };

function plan() {
  clearTimeout(timer);
  if (isOn()) timer = setTimeout(ask, wait);
}

function ask() {
  clearTimeout(timer);
  if (!isOn()) return;
  // An older page has no place to ask from: it waits until the reader is back on the newest.
  if ($("#live")) $("#live").dispatchEvent(new Event("poll"));
  else plan();
}

function pause() {
  wait = Math.min(wait * 2, LONGEST_MS);
  show("live-paused", true);
  plan();
}

function stop() {
  isStopped = true;
  show("live-paused", false);
  show("live-stopped", true);
}

const isPoll = ({ detail }) => detail.elt?.id === "live";

// Whoever is signed out must not be taken away from what they read by a question in the background.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (isPoll(event) && event.detail.xhr.getResponseHeader("HX-Redirect")) { event.preventDefault(); stop(); }
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (isPoll(event) && event.detail.xhr.status >= 400) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!isPoll(event)) return;
  const { xhr, successful } = event.detail;
  if (isStopped) return;
  if (successful) {
    wait = EVERY_MS;
    show("live-paused", false);
    plan();
  } else if (xhr.status >= 400 && xhr.status < 500 && xhr.status !== 429) stop();
  else pause();
});

document.addEventListener("htmx:sendError", (event) => { if (!isPoll(event)) show("list-failed", true); });
document.addEventListener("htmx:afterOnLoad", (event) => { if (!isPoll(event)) show("list-failed", false); });

document.addEventListener("change", ({ target }) => {
  if (target.id !== "live-switch") return;
  // The server writes the switch as it was left.
  document.cookie = `live=${target.checked ? "on" : "off"}; path=/; max-age=31536000; samesite=lax`;
  show("live-paused", false);
  wait = EVERY_MS;
  ask();
});

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-asks-again]")) ask();
  if (target.closest("[data-reloads]")) location.reload();
});
document.addEventListener("visibilitychange", ask);

plan();
