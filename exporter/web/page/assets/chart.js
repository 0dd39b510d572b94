// The chart of now: the last quarter hour of receive and transmit, in bits per second.

/* global uPlot */

const SECONDS = 900;
const LEAST_TOP = 10_000;
const MINUTE = 60;
const UNITS = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class SpeedChart {
  constructor(element, zone) {
    this.element = element;
    this.clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
    this.data = inBits(JSON.parse(element.dataset.history));
    this.readout = element.appendChild(document.createElement("output"));
    this.readout.className = "readout";
    this.readout.setAttribute("aria-hidden", "true");
    this.plot = new uPlot(this.options(), this.data, element);
    new ResizeObserver(() => this.fit()).observe(element);
  }

  // One more second; what is older than the chart is dropped.
  add({ at, receive, transmit }) {
    const [times, received, sent] = this.data;
    if (times.length && at <= times[times.length - 1]) return;
    times.push(at);
    received.push(receive * 8);
    sent.push(transmit * 8);
    const old = times.findIndex((time) => time > at - SECONDS - MINUTE);
    for (const column of this.data) column.splice(0, old);
    this.plot.setData(this.data);
  }

  // Fill in what was missed: points of `history` where there are none of our own.
  merge(history) {
    const own = this.data[0];
    const rows = this.rows();
    const speeds = inBits(history);
    speeds[0].forEach((at, number) => {
      if (!own.some((time) => Math.abs(time - at) < MINUTE / 2)) rows.push([at, speeds[1][number], speeds[2][number]]);
    });
    rows.sort((one, other) => one[0] - other[0]);
    this.data = [0, 1, 2].map((column) => rows.map((row) => row[column]));
    this.plot.setData(this.data);
  }

  rows() {
    const [times, received, sent] = this.data;
    return times.map((at, number) => [at, received[number], sent[number]]);
  }

  redraw() {
    this.plot.redraw(false);
  }

  fit() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width && height) this.plot.setSize({ width, height });
  }

  options() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const axis = { stroke: () => colour("--muted"), font: "12px Inter, system-ui, sans-serif", ticks: { show: false } };
    const grid = { stroke: () => colour("--grid"), width: 1 };
    return {
      width,
      height,
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { range: (_, from, to) => [to - SECONDS, to] },
        y: { range: (_, from, to) => [0, Math.max(to * 1.08, LEAST_TOP)] },
      },
      axes: [
        { ...axis, size: 26, gap: 4, space: 56, grid: { show: false }, incrs: [60, 120, 180, 300], values: (_, times) => times.map((at) => this.clock.format(at * 1000)) },
        { ...axis, size: 78, gap: 6, space: 34, grid, values: (_, speeds) => labels(speeds) },
      ],
      series: [{}, line("--receive"), line("--transmit")],
      hooks: { setCursor: [(plot) => this.tell(plot.cursor.idx)] },
    };
  }

  tell(number) {
    const [times, received, sent] = this.data;
    const known = number != null && received[number] != null;
    this.readout.textContent = known
      ? `${this.clock.format(times[number] * 1000)}  ↓ ${words(received[number])}  ↑ ${words(sent[number])}`
      : "";
  }
}

function line(name) {
  return { stroke: () => colour(name), width: 1.75, points: { show: false }, fill: (plot) => shade(plot, colour(name)) };
}

function shade(plot, strong) {
  const gradient = plot.ctx.createLinearGradient(0, plot.bbox.top, 0, plot.bbox.top + plot.bbox.height);
  gradient.addColorStop(0, `${strong}55`);
  gradient.addColorStop(1, `${strong}08`);
  return gradient;
}

function inBits([times, received, sent]) {
  const bits = (speed) => (speed == null ? null : speed * 8);
  return [[...times], received.map(bits), sent.map(bits)];
}

function unitOf(bits) {
  return Math.min(Math.floor(Math.log10(Math.max(bits, 1)) / 3), UNITS.length - 1);
}

// All in the unit of the largest one, so that they compare.
function labels(speeds) {
  const unit = unitOf(speeds[speeds.length - 1]);
  return speeds.map((bits) => (bits === 0 ? "0" : `${Number((bits / 1000 ** unit).toFixed(2))} ${UNITS[unit]}`));
}

function words(bits) {
  const unit = unitOf(bits);
  return `${(bits / 1000 ** unit).toFixed(unit ? 2 : 0)} ${UNITS[unit]}`;
}
