/* The trail's own manners: rows that open, dropdowns that search, focus that stays where it was.
   Everything here has a way without it; all listeners sit on the document, so swapped-in parts need no set-up. */
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// -- Rows and drawer

let openEvent = $("#drawer .drawer")?.dataset.event ?? "";
let leftDropdown = null;

// Of a folded task the newest attempt is a row, the others stand under it.
const rowOf = (event) => (event ? $(`:is(.trail__event, .trail__attempt)[data-event="${CSS.escape(event)}"]`) : null);

function followDrawer() {
  const drawer = $("#drawer .drawer");
  const event = drawer?.dataset.event ?? "";
  $$(":is(.trail__event, .trail__attempt)[aria-current]").forEach((row) => row.removeAttribute("aria-current"));
  rowOf(event)?.setAttribute("aria-current", "true");
  if (event === openEvent) return;
  if (!drawer) $(".trail__link, .trail__try", rowOf(openEvent) ?? document)?.focus();
  // Stepping from event to event keeps the focus on the arrow, which htmx found again by its id.
  else if (!drawer.contains(document.activeElement)) drawer.focus();
  openEvent = event;
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-closes]")) $("#drawer-close")?.click();
  const row = target.closest(".trail__event");
  if (row && !target.closest("a, button, summary") && !String(getSelection())) $(".trail__link", row).click();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || $("dialog[open]")) return;
  // An open dropdown is closed by app.js and keeps the drawer.
  if (!event.target.closest("details.pop")) $("#drawer-close")?.click();
});

// -- Printing

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-prints]")) print();
});

// -- Dropdowns: search, ticks

function narrow(list, typed, onlyChosen) {
  const stays = (label, context = "") => (!onlyChosen || $(".tick", label).checked) && finds(typed, `${context} ${label.textContent}`);
  $$(".facet-group", list).forEach((group) => {
    const area = $(".facet--group", group);
    const items = $$(".facet-group__items .facet", group);
    items.forEach((item) => { item.hidden = !stays(item, area.textContent); });
    const found = items.some((item) => !item.hidden);
    group.hidden = !found && !stays(area);
    if (typed || onlyChosen) $("[data-shows]", group).checked = found;
  });
  $$(":scope > .facet", list).forEach((item) => { item.hidden = !stays(item); });
  $$(":scope > .menu__label", list).forEach((label) => {
    let next = label.nextElementSibling;
    let found = false;
    for (; next?.matches(".facet"); next = next.nextElementSibling) found ||= !next.hidden;
    label.hidden = !found;
  });
}

function narrowFor(panel) {
  const field = $("[data-finds]", panel);
  narrow($(field.dataset.finds), field.value, $("[data-ticks=chosen][aria-pressed=true]", panel) !== null);
}

// A whole area ticks its events; with one of them taken away it is some of them.
function tickAcross(box) {
  const group = box.closest(".facet-group");
  if (!group) return;
  const area = $(".facet--group .tick", group);
  const items = $$(".facet-group__items .tick", group);
  if (box === area) {
    area.indeterminate = false;
    items.forEach((item) => { item.checked = area.checked; });
  } else {
    if (!box.checked) area.checked = false;
    area.indeterminate = !area.checked && items.some((item) => item.checked);
  }
}

document.addEventListener("input", ({ target }) => {
  if (target.matches("[data-finds]")) narrowFor(target.closest(".pop__panel"));
});

document.addEventListener("change", ({ target }) => {
  if (target.matches(".tick")) tickAcross(target);
}, true);

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-ticks]");
  if (!button) return;
  const panel = button.closest(".pop__panel");
  if (button.dataset.ticks === "chosen") {
    button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
    narrowFor(panel);
    return;
  }
  $$(".facet:not([hidden]) .tick", panel).forEach((box) => {
    box.checked = button.dataset.ticks === "all";
    box.indeterminate = false;
  });
  $(".tick", panel).dispatchEvent(new Event("change", { bubbles: true }));
});

document.addEventListener("toggle", ({ target }) => {
  if (target.open && target.matches("details.pop[name=filter]")) $("[data-finds], input[type=text]", target)?.focus();
}, true);

// -- The search box beside the dropdowns: what was typed there and not sent yet goes along with them.

document.addEventListener("htmx:configRequest", ({ detail }) => {
  const box = $("#search");
  const isUnsent = box && (box.value !== box.defaultValue || box.matches("[aria-invalid]"));
  if (!isUnsent || !detail.elt.matches("#filters, #show-counts")) return;
  detail.parameters.query = box.value;
  detail.parameters.query_before = box.defaultValue;
});

// -- Around swaps

const markSome = () => $$("[data-some]").forEach((box) => { box.indeterminate = true; });

document.addEventListener("htmx:beforeRequest", () => {
  leftDropdown = document.activeElement?.closest("details.pop")?.id ?? null;
});

// Of dropdowns with one name only one may be open: a new one would come in closed while the old one still stands.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id === "events") $$("#toolbar details.pop[open]").forEach((pop) => { pop.open = false; });
});

document.addEventListener("htmx:afterSettle", () => {
  markSome();
  followDrawer();
  if (document.activeElement === document.body && leftDropdown) $(`#${CSS.escape(leftDropdown)} > summary`)?.focus();
});

markSome();
if (openEvent) $("#drawer .drawer").focus();
