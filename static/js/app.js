/* Only opens and closes things; htmx fetches what is shown.
   All listeners sit on the document, so swapped-in rows need no set-up. */
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const root = document.documentElement;

$$("[data-some]").forEach((box) => { box.indeterminate = true; });

document.addEventListener("click", ({ target }) => {
  const left = $$("details.pop[open]").filter((pop) => target === pop || !pop.contains(target));
  left.forEach((pop) => { pop.open = false; });

  const toggle = target.closest("[data-toggles]");
  if (toggle) {
    const open = toggle.getAttribute("aria-expanded") !== "true";
    toggle.setAttribute("aria-expanded", open);
    $$(toggle.dataset.toggles).forEach((part) => { part.hidden = !open; });
  }

  const opener = target.closest("[data-dialog]");
  if (opener) $(opener.dataset.dialog).showModal();

  const choice = target.closest("[data-theme-choice]");
  if (choice) {
    root.dataset.theme = choice.dataset.themeChoice;
    // The server writes the theme into each page, so that there is no flash.
    document.cookie = `theme=${choice.dataset.themeChoice}; path=/; max-age=31536000; samesite=lax`;
    $$("[data-theme-choice]").forEach((one) => one.setAttribute("aria-pressed", one === choice));
  }

  const row = target.closest("[data-href]");
  if (row && !left.length && !target.closest("a, button") && !String(getSelection())) location.href = row.dataset.href;
});

// Lists that are searched where they are: each word that was typed begins one there, whatever its case and accents.
const words = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);
const finds = (typed, text) => {
  const there = words(text);
  return words(typed).every((word) => there.some((one) => one.startsWith(word)));
};

document.addEventListener("keydown", (event) => {
  // Enter in the search of a list would otherwise send the form that it is in.
  if (event.key === "Enter" && event.target.matches("[data-finds], [data-narrows]")) event.preventDefault();
});

// Copying: of a field its value, of anything else its text.
const textOf = (part) => part.value ?? part.textContent;

async function copy(button, text) {
  await navigator.clipboard.writeText(text);
  const label = $("span", button);
  const before = label.textContent;
  label.textContent = "Copied";
  setTimeout(() => { label.textContent = before; }, 2000);
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-copies], [data-copies-link]");
  if (!button) return;
  const { copies, copiesLink } = button.dataset;
  copy(button, copies ? textOf($(copies)) : new URL(copiesLink, location.href).href);
});

// Tabs that do not fit begin at the one that is open.
const openTab = $(".tabs [aria-current]");
if (openTab) openTab.parentElement.scrollLeft = openTab.offsetLeft - (openTab.parentElement.clientWidth - openTab.offsetWidth) / 2;

// Single keys can be switched off: whoever dictates, or rests a hand on the keyboard, presses them without meaning to.
const keysAreOn = () => localStorage.getItem("single-keys") !== "off";

function showKeys() {
  root.dataset.keys = keysAreOn() ? "on" : "off";
  $$("[data-keys-switch]").forEach((box) => { box.checked = keysAreOn(); });
}

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-keys-switch]")) return;
  localStorage.setItem("single-keys", target.checked ? "on" : "off");
  showKeys();
});

showKeys();

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const pops = $$("details.pop[open]");
    // A form that folds open is left where one is in it, and not with a menu that is open inside.
    const left = pops.length ? pops : [event.target.closest("details.opens[open]")].filter(Boolean);
    left.forEach((one) => { one.open = false; $("summary", one).focus(); });
  }
  if (!keysAreOn() || $("dialog[open]") || event.target.closest("input, select, textarea")) return;
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  const keyed = $(`[data-key="${CSS.escape(event.key)}"]`);
  if (keyed) { event.preventDefault(); keyed.focus(); if (keyed.tagName === "SUMMARY") keyed.click(); }
  if (event.key === "?") $("#shortcuts")?.showModal();
  if (event.key === "j" || event.key === "k") {
    // Beside an open event they step from event to event, else from row to row.
    const beside = $$("[data-steps]").at(-1);
    if (beside) { $(`[data-step="${event.key}"]`, beside)?.click(); return; }
    const links = $$(".trail__link");
    links.at(Math.max(links.indexOf(document.activeElement) + (event.key === "j" ? 1 : -1), 0))?.focus();
  }
});

// Save stays asleep until something changed.
document.addEventListener("input", ({ target }) => {
  const form = target.closest("form[data-wakes]");
  if (!form) return;
  $("[type=submit]", form).disabled = false;
  $("[data-save-text]", form).textContent = "You have unsaved changes.";
});
