/** What a channel was like over the last hour or day: minimum, maximum and RMS from the database. */

import { get } from "./api.js";
import { axis, fitted, isWhole, UPlot } from "./chart.js";
import { fill, h, say } from "./dom.js";
import { moment, number } from "./format.js";
import { poll } from "./poll.js";
import { segments } from "./segments.js";
import { serverNow } from "./session.js";
import { channelColour, colour } from "./theme.js";

const HEIGHT = 170;
const BINS = 600;
const REFRESH_MS = 20_000;
/** @type {[string, number][]} */
const SPANS = [
  ["1 h", 3_600_000],
  ["24 h", 86_400_000],
];

/**
 * @param {string} serial
 * @param {{number: number, name: string, unit: string}[]} channels
 * @returns {{element: HTMLElement, dispose: () => void}}
 */
export function historyPanel(serial, channels) {
  let channel = channels[0];
  let spanMs = SPANS[0][1];
  const place = h("div", { class: "chart" });
  const note = h("p", { class: "empty", text: "Loading…" });
  const readout = h("span", { class: "readout" });
  const select = h("select", { class: "select small", "aria-label": "Channel" }, channels.map((one) => h("option", { value: one.number, text: one.name || `Channel ${one.number}` })));
  select.hidden = channels.length < 2;
  select.addEventListener("change", () => {
    channel = channels.find((one) => String(one.number) === select.value) ?? channel;
    asking.now();
  });
  const span = segments("Span", SPANS, spanMs, (value) => {
    spanMs = value;
    asking.now();
  });
  const element = h(
    "section",
    { class: "panel", "aria-label": "History" },
    h("header", {}, h("h2", { text: "History" }), h("span", { class: "muted", text: "minimum, maximum, RMS" }), h("span", { class: "spacer" }), select, span),
    h("div", { class: "body charts" }, h("div", { class: "chart-title" }, readout), place, note),
  );

  /** @type {any} */
  let answer = null;
  let end = () => {};
  /** @type {any} */
  let chart = null;

  const asking = poll(async (signal) => {
    const to = Math.round(serverNow());
    answer = await get(`/api/sensors/${encodeURIComponent(serial)}/history`, { channel: channel.number, from: to - spanMs, to, bins: BINS }, signal);
    show(to - spanMs, to);
  }, REFRESH_MS, (error) => {
    if (error === null) return;
    note.hidden = false;
    say(note, error.message);
  });

  /** @param {number} from ms @param {number} to ms */
  function show(from, to) {
    const times = answer.rms.map((/** @type {unknown} */ _, /** @type {number} */ i) => (answer.start_ms + (i + 0.5) * answer.bin_ms) / 1000);
    const known = answer.rms.some((/** @type {number | null} */ value) => value !== null);
    note.hidden = known;
    place.hidden = !known;
    say(note, "No measurements of this time are in the database.");
    const data = [times, answer.minimum, answer.maximum, answer.rms];
    window_ = [from / 1000, to / 1000];
    if (chart === null) build(data);
    else chart.setData(data, true);
    read();
  }

  /** @type {[number, number]} */
  let window_ = [0, 1];

  /** @param {any} data */
  function build(data) {
    const ink = () => channelColour(channel.number);
    chart = new UPlot(
      {
        width: Math.max(100, place.clientWidth),
        height: HEIGHT,
        padding: [6, 8, 0, 0],
        legend: { show: false },
        scales: { x: { time: true, range: () => window_ } },
        axes: [
          axis({ size: 26, space: 70, values: (/** @type {any} */ chart, /** @type {number[]} */ splits) => splits.map((at) => (isWhole(chart, at) ? moment(at * 1000).slice(11, 16) : "")) }),
          axis({ size: 58, space: 30 }),
        ],
        series: [
          {},
          { stroke: ink, width: 0.5, points: { show: false } },
          { stroke: ink, width: 0.5, points: { show: false } },
          { stroke: () => colour("text"), width: 1.5, points: { show: false } },
        ],
        bands: [{ series: [2, 1], fill: () => `color-mix(in srgb, ${ink()} 25%, transparent)` }],
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
        hooks: { setCursor: [read] },
      },
      data,
      place,
    );
    end = fitted(chart, place, HEIGHT);
  }

  function read() {
    const unit = answer?.unit ?? channel.unit;
    const i = chart?.cursor.idx;
    if (chart === null || !(chart.cursor.left >= 0) || i === null || i === undefined) {
      fill(readout, h("span", { class: "key band" }), `min … max, ${unit}`, h("span", { class: "key line" }), `RMS, ${unit}`);
      return;
    }
    const [times, low, high, rms] = chart.data;
    say(readout, `${moment(times[i] * 1000)}   min ${number(low[i])}   max ${number(high[i])}   RMS ${number(rms[i])} ${unit}`);
  }

  return {
    element,
    dispose: () => {
      asking.stop();
      end();
    },
  };
}
