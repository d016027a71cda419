// The report's own script: draws the figures in the colours of the page, keeps their time axes together, and refits
// them for paper.

const boxes = [...document.querySelectorAll("[data-figure]")];
const touch = window.matchMedia("(pointer: coarse)").matches;

// The colours that depend on whether the page is light or dark; the style sheet knows them.
function theme() {
  const style = getComputedStyle(document.documentElement);
  const colours = ["--ink", "--muted", "--line", "--paper"];
  const [ink, muted, line, paper] = colours.map((name) => style.getPropertyValue(name).trim());
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line };
  const axes = Object.entries(axis).flatMap(([name, value]) => [[`xaxis.${name}`, value], [`yaxis.${name}`, value]]);
  return {
    "font.color": ink, "paper_bgcolor": paper, "plot_bgcolor": paper,
    "hoverlabel.bgcolor": paper, "hoverlabel.bordercolor": muted, "hoverlabel.font.color": ink,
    ...Object.fromEntries(axes),
  };
}

for (const box of boxes) {
  const figure = JSON.parse(document.getElementById(box.dataset.figure).textContent);
  if (touch) figure.layout.dragmode = false;  // a finger scrolls the page
  Plotly.newPlot(box, figure.data, figure.layout, { responsive: true, displayModeBar: false });
  Plotly.relayout(box, theme());
}
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const box of boxes) Plotly.relayout(box, theme());
});

// Zooming one chart in time zooms all of them.
const overTime = boxes.filter((box) => box.layout.xaxis.type === "date");
let following = false;
for (const box of overTime) {
  box.on("plotly_relayout", (change) => {
    const zoomed = Object.keys(change).some((name) => name.startsWith("xaxis.range") || name === "xaxis.autorange");
    if (following || !zoomed) return;
    following = true;
    const others = overTime.filter((other) => other !== box);
    Promise.all(others.map((other) => Plotly.relayout(other, { "xaxis.range": box.layout.xaxis.range.slice() })))
      .finally(() => { following = false; });
  });
}

for (const choice of document.querySelectorAll("[data-logarithmic]")) {
  choice.addEventListener("change", () => {
    const box = document.querySelector(`[data-figure="${choice.dataset.logarithmic}"]`);
    Plotly.relayout(box, { "yaxis.type": choice.checked ? "log" : "linear", "yaxis.autorange": true });
  });
}

// Paper is light, and a chart has the width in which it was drawn: there, that of an A4 page between its margins.
window.addEventListener("beforeprint", () => {
  document.documentElement.classList.add("on-paper");
  for (const box of boxes) {
    Plotly.relayout(box, { ...theme(), autosize: false, width: box.closest(".pair") ? 330 : 700 });
  }
});
window.addEventListener("afterprint", () => {
  document.documentElement.classList.remove("on-paper");
  for (const box of boxes) Plotly.relayout(box, { ...theme(), autosize: true, width: null });
});
