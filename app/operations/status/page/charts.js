// Four charts of the last ten minutes. uPlot draws on a canvas, which says nothing to a screen
// reader: the caption has the current and the highest value of each line as text.

const HISTORY_SECONDS = 600;
const LEAST_SECONDS = 60; // shown, even if there is less history
const HEIGHT = 180;
const STYLES = { solid: [], dashed: [10, 5], dotted: [3, 4] };
const CHARTS = [
  {
    title: "Requests per second, by status",
    lines: [
      { name: "2xx", key: "2xx", color: "good", style: "solid" },
      { name: "3xx", key: "3xx", color: "info", style: "dotted" },
      { name: "4xx", key: "4xx", color: "warn", style: "dashed" },
      { name: "5xx", key: "5xx", color: "bad", style: "solid" },
    ],
  },
  {
    title: "Duration of requests in milliseconds, over ten seconds",
    lines: [
      { name: "p50", key: "p50", color: "info", style: "solid", factor: 1000 },
      { name: "p99", key: "p99", color: "warn", style: "dashed", factor: 1000 },
    ],
  },
  {
    title: "Statements per second",
    lines: [{ name: "statements", key: "statements", color: "info", style: "solid" }],
  },
  {
    title: "Milliseconds per second spent waiting for connections",
    lines: [{ name: "waiting", key: "wait", color: "warn", style: "solid", factor: 1000 }],
  },
];
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function element(tag, properties = {}, ...children) {
  const created = Object.assign(document.createElement(tag), properties);
  created.append(...children);
  return created;
}

/** Return the labels of these moments, which are `step` seconds apart. */
function times(_plot, moments, _axis, _space, step) {
  const seconds = step < 60 ? { second: "2-digit" } : {};
  const format = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...seconds };
  return moments.map((moment) => new Date(1000 * moment).toLocaleTimeString([], format));
}

class Chart {
  constructor({ title, lines }) {
    this.lines = lines;
    this.values = lines.map(() => element("span"));
    const list = element(
      "ul",
      {},
      ...lines.map((line, index) =>
        element(
          "li",
          {},
          element("span", { className: `key ${line.color} ${line.style}` }),
          line.name,
          this.values[index],
        ),
      ),
    );
    this.canvas = element("div", { ariaHidden: "true" });
    this.figure = element("figure", {}, element("figcaption", {}, title, list), this.canvas);
  }

  /** Draw on the page, where the figure has a width. */
  start() {
    const axis = { stroke: () => color("muted"), grid: { stroke: () => color("grid"), width: 1 } };
    const start = (first) => Math.min(first, Date.now() / 1000 - LEAST_SECONDS);
    this.plot = new uPlot(
      {
        width: this.canvas.clientWidth,
        height: HEIGHT,
        cursor: { show: false },
        legend: { show: false },
        axes: [{ ...axis, values: times, space: 80 }, { ...axis, size: 56 }],
        scales: {
          x: { range: (_plot, min) => [start(min), Date.now() / 1000] },
          y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
        },
        series: [
          {},
          ...this.lines.map((line) => ({
            label: line.name,
            stroke: () => color(line.color),
            width: 2,
            dash: STYLES[line.style],
            points: { show: false },
          })),
        ],
      },
      [[], ...this.lines.map(() => [])],
      this.canvas,
    );
    new ResizeObserver(() => {
      this.plot.setSize({ width: this.canvas.clientWidth, height: HEIGHT });
    }).observe(this.canvas);
  }

  show(times, history) {
    const columns = this.lines.map(({ key, factor = 1 }) =>
      history.map((figures) => (figures?.[key] == null ? null : figures[key] * factor)),
    );
    this.plot.setData([times, ...columns]);
    columns.forEach((column, index) => {
      const last = column.at(-1);
      const now = last === null ? "none" : number.format(last);
      this.values[index].textContent = `${now}, highest ${number.format(Math.max(0, ...column))}`;
    });
  }
}

/** All charts, and their history; null in the history is a gap. */
export class Charts {
  times = [];
  history = [];

  constructor(parent) {
    this.charts = CHARTS.map((chart) => new Chart(chart));
    parent.append(...this.charts.map((chart) => chart.figure));
    this.charts.forEach((chart) => chart.start());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.charts.forEach((chart) => chart.plot.redraw());
    });
  }

  add(figures) {
    const now = Date.now() / 1000;
    this.times.push(now);
    this.history.push(figures);
    while (this.times[0] < now - HISTORY_SECONDS) {
      this.times.shift();
      this.history.shift();
    }
    this.charts.forEach((chart) => chart.show(this.times, this.history));
  }
}
