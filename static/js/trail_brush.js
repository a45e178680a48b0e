/* Dragging over the bars writes the range: the same address as two links, from the first bar's start to the last one's end. */
const $ = (selector, root = document) => root.querySelector(selector);

let drag = null;
let hasDragged = false;

// Bars share the width evenly, so the place of the pointer says which one it is over.
const dayAt = (plot, clientX) => {
  const days = [...plot.querySelectorAll("[data-day]")];
  const { left, width } = plot.getBoundingClientRect();
  const place = Math.floor(((clientX - left) / width) * days.length);
  return { days, place: Math.min(Math.max(place, 0), days.length - 1) };
};

function draw() {
  const { plot, first, last, count } = drag;
  const step = 100 / count;
  const shown = $(".histogram__drag", plot) ?? plot.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "rect"));
  shown.setAttribute("class", "histogram__drag");
  shown.setAttribute("x", `${Math.min(first, last) * step}%`);
  shown.setAttribute("width", `${(Math.abs(last - first) + 1) * step}%`);
  shown.setAttribute("y", "0");
  shown.setAttribute("height", "52");
}

document.addEventListener("pointerdown", (event) => {
  const plot = event.target.closest("[data-range]");
  hasDragged = false;
  if (!plot || event.button !== 0) return;
  const { days, place } = dayAt(plot, event.clientX);
  if (days.length) drag = { plot, first: place, last: place, count: days.length };
});

document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  drag.last = dayAt(drag.plot, event.clientX).place;
  hasDragged ||= drag.last !== drag.first;
  if (hasDragged) draw();
});

document.addEventListener("pointercancel", () => { $(".histogram__drag")?.remove(); drag = null; });

document.addEventListener("pointerup", () => {
  if (!drag) return;
  const { plot, first, last } = drag;
  drag = null;
  if (!hasDragged) return;
  const days = [...plot.querySelectorAll("[data-day]")];
  const [from, to] = [Math.min(first, last), Math.max(first, last)].map((place) => days[place]);
  // The first bar's own link has the filters and the zone of the bars already.
  const address = new URL(from.getAttribute("href"), location.href);
  address.searchParams.set("to", to.dataset.day);
  const query = address.search.replaceAll("%3A", ":").replaceAll("%21", "!").replaceAll("%2F", "/");
  location.assign(address.pathname + query);
});

// A drag ends in a click on the bar under it, which would undo it; links are not dragged as such either.
document.addEventListener("click", (event) => {
  if (hasDragged && event.target.closest("[data-range]")) event.preventDefault();
}, true);
document.addEventListener("dragstart", (event) => {
  if (event.target.closest?.("[data-range]")) event.preventDefault();
});
