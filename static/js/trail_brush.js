/* A range over several bars, dragged or reached with Shift and arrow keys: the same address as two links, from the first bar's start
   to the last one's end. */
const $ = (selector, root = document) => root.querySelector(selector);

let drag = null; // the bars that are marked: { plot, first, last, count }
let isDragging = false;
let hasDragged = false;

const barsOf = (plot) => [...plot.querySelectorAll("[data-from]")];

// Bars share the width evenly, so the place of the pointer says which one it is over.
const placeAt = (plot, clientX) => {
  const count = barsOf(plot).length;
  const { left, width } = plot.getBoundingClientRect();
  const place = Math.floor(((clientX - left) / width) * count);
  return { count, place: Math.min(Math.max(place, 0), count - 1) };
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

function forget() {
  $(".histogram__drag")?.remove();
  drag = null;
  isDragging = false;
}

function show({ plot, first, last }) {
  const bars = barsOf(plot);
  const [from, to] = [Math.min(first, last), Math.max(first, last)].map((place) => bars[place]);
  // The first bar's own link has the filters and the zone of the bars already.
  const address = new URL(from.getAttribute("href"), location.href);
  address.searchParams.set("to", to.dataset.to);
  const query = address.search.replaceAll("%3A", ":").replaceAll("%21", "!").replaceAll("%2F", "/");
  location.assign(address.pathname + query);
}

// -- By pointer

document.addEventListener("pointerdown", (event) => {
  const plot = event.target.closest("[data-range]");
  hasDragged = false;
  forget();
  if (!plot || event.button !== 0) return;
  const { count, place } = placeAt(plot, event.clientX);
  isDragging = count > 0;
  if (isDragging) drag = { plot, first: place, last: place, count };
});

document.addEventListener("pointermove", (event) => {
  if (!isDragging) return;
  drag.last = placeAt(drag.plot, event.clientX).place;
  hasDragged ||= drag.last !== drag.first;
  if (hasDragged) draw();
});

document.addEventListener("pointercancel", forget);

document.addEventListener("pointerup", () => {
  if (!isDragging) return;
  isDragging = false;
  if (hasDragged) show(drag);
});

// A drag ends in a click on the bar under it, which would undo it; links are not dragged as such either.
document.addEventListener("click", (event) => {
  if (hasDragged && event.target.closest("[data-range]")) event.preventDefault();
}, true);
document.addEventListener("dragstart", (event) => {
  if (event.target.closest?.("[data-range]")) event.preventDefault();
});

// -- By keyboard: one bar is reached with Tab, the others from there

document.addEventListener("keydown", (event) => {
  const bar = event.target.closest?.("[data-range] [data-from]");
  if (!bar || event.ctrlKey || event.metaKey || event.altKey) return;
  const plot = bar.closest("[data-range]");
  const bars = barsOf(plot);
  const place = bars.indexOf(bar);
  if (event.key === "Enter" && drag) {
    event.preventDefault();
    show(drag);
    return;
  }
  if (event.key === "Escape" && drag) {
    event.stopPropagation();
    forget();
    return;
  }
  const next = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: bars.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  const last = Math.min(Math.max(next, 0), bars.length - 1);
  bar.setAttribute("tabindex", "-1");
  bars[last].setAttribute("tabindex", "0");
  bars[last].focus();
  if (!event.shiftKey) {
    forget();
    return;
  }
  drag = { plot, first: drag?.first ?? place, last, count: bars.length };
  draw();
}, true);
