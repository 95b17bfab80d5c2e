/** One sensor: what it is, what it measures now and did before, its alarms, commands and log. */

import { ApiError, get } from "./api.js";
import { alarmLine } from "./alarm_line.js";
import { CommandPanel } from "./command_panel.js";
import { commandLine } from "./command_line.js";
import { fill, h, keyed, say } from "./dom.js";
import { ago, clock, duration, frequency, integer, moment, momentShort, number, position } from "./format.js";
import { historyPanel } from "./history.js";
import { icon } from "./icons.js";
import { LivePanel } from "./live_panel.js";
import { severityMark, stateMark } from "./marks.js";
import { poll } from "./poll.js";
import { serverNow } from "./session.js";

const REFRESH_MS = 2_000;

/** @param {HTMLElement} main @param {Record<string, string>} parameters @returns {import("./router.js").View} */
export function sensorView(main, { serial }) {
  const target = h("span", { class: "muted" });
  const marks = h("span", { class: "inline marks" });
  const facts = h("dl", { class: "facts panel", id: "facts" });
  const more = h("button", { class: "button quiet small facts-more", type: "button", "aria-expanded": "false", "aria-controls": "facts", text: "More" });
  more.addEventListener("click", () => {
    const all = facts.classList.toggle("all");
    more.setAttribute("aria-expanded", String(all));
    more.textContent = all ? "Less" : "More";
  });
  const left = h("div", { class: "column" }, h("p", { class: "panel empty", text: "Loading…" }));
  /** @type {number | null} */
  let maximumHz = null;
  const commands = new CommandPanel(() => [serial], () => maximumHz);
  const alarms = list("Open alarms", "None.");
  const given = list("Recent commands", "None was given.");
  const logs = list("Log", "It has said nothing.");
  main.append(
    h("div", { class: "page-head" }, h("a", { class: "button quiet icon small", href: "/", "aria-label": "Back to the fleet" }, icon("back")), h("h1", { tabindex: "-1", testid: "sensor-title", text: serial }), target, marks, more),
    facts,
    h("div", { class: "sensor-grid" }, left, h("div", { class: "column side" }, alarms.element, commands.element, given.element, logs.element)),
  );

  /** @type {LivePanel | null} */
  let live = null;
  /** @type {ReturnType<typeof historyPanel> | null} */
  let past = null;
  let shape = "";
  let hertz = 1;

  const asking = poll(async (signal) => {
    const answer = await get(`/api/sensors/${encodeURIComponent(serial)}`, {}, signal);
    const { sensor } = answer;
    const now = serverNow();
    hertz = sensor.sample_frequency_hz || 1;
    maximumHz = sensor.maximum_sample_frequency_hz;
    say(target, [sensor.target, sensor.sensor_type].filter(Boolean).join(" · "));
    fill(marks, stateMark(sensor.state), sensor.severity ? severityMark(sensor.severity) : null);
    showFacts(facts, sensor, now);
    alarms.show(answer.alarms, (one) => one.id, () => alarmLine(false));
    given.show(answer.commands.slice(0, 12), (one) => one.id, () => commandLine());
    logs.show(answer.logs.slice(0, 40), (one) => `${one.time} ${one.logger} ${one.message}`, logLine);
    const found = JSON.stringify(answer.channels);
    if (found !== shape) {
      shape = found;
      rebuild(answer.channels);
    }
    live?.spectrum.knowSpeed(sensor.target_speed_rpm);
  }, REFRESH_MS, (error) => {
    if (error instanceof ApiError && error.status === 404) {
      asking.stop();
      fill(main, h("div", { class: "failure" }, h("h1", { tabindex: "-1", text: "There is no such sensor" }), h("p", { text: `${serial} has never been heard of. Check its serial number, or look for it in the fleet.` }), h("a", { class: "button", href: "/", text: "To the fleet" })));
    }
  });

  /** @param {import("./live_panel.js").Channel[]} channels */
  function rebuild(channels) {
    live?.dispose();
    past?.dispose();
    live = null;
    past = null;
    if (channels.length === 0) {
      fill(left, h("p", { class: "panel empty", text: "The sensor has not said yet what its channels are. They appear with its birth message." }));
      return;
    }
    live = new LivePanel(serial, channels, () => 1 / hertz);
    past = historyPanel(serial, channels);
    fill(left, live.element, live.spectrum.element, past.element);
  }

  return {
    title: serial,
    keys: { " ": () => live?.toggle() },
    dispose: () => {
      asking.stop();
      live?.dispose();
      past?.dispose();
    },
  };
}

/** @param {HTMLElement} facts @param {any} sensor @param {number} now ms */
function showFacts(facts, sensor, now) {
  const rate = frequency(sensor.sample_frequency_hz);
  const most = sensor.maximum_sample_frequency_hz;
  /** @type {[string, string, string?][]} */
  const rows = [
    ["Sample frequency", most ? `${rate} of ${frequency(most)}` : rate],
    ["Last data", sensor.last_measured_at === null ? "none" : ago(sensor.last_measured_at, now), moment(sensor.last_measured_at)],
    ["Latency", duration(sensor.latency_s), "From the last sample of a batch to the database"],
    ["Missing", integer(sensor.missing), "Batches that are known to exist and have not arrived"],
    ["Batches", integer(sensor.batch_count)],
    ["Buffered", integer(sensor.buffered_batches), "Batches that wait in the sensor"],
    ["Battery", sensor.battery_percent === null ? "–" : `${number(sensor.battery_percent, 3)} %`],
    ["Signal", sensor.rssi_dbm ? `${number(sensor.rssi_dbm, 2)} dBm` : "–"],
    ["Up since", momentShort(sensor.born_at, now), moment(sensor.born_at)],
    ["Status", ago(sensor.status_at, now), moment(sensor.status_at)],
    ["Firmware", sensor.firmware_version || "–"],
    ["Hardware", sensor.hardware || "–"],
    ["Session", sensor.session === null ? "–" : String(sensor.session)],
    ["Position", position(sensor.latitude, sensor.longitude)],
  ];
  keyed(facts, rows, ([name]) => name, ([name]) => {
    const value = h("dd");
    const box = h("div", {}, h("dt", { text: name }), value);
    box.update = (/** @type {[string, string, string?]} */ row) => {
      say(value, row[1]);
      if (row[2]) box.title = row[2];
      value.classList.toggle("warn", name === "Missing" && row[1] !== "0" && row[1] !== "–");
    };
    return box;
  });
}

/** @param {string} title @param {string} none what is said where there is nothing */
function list(title, none) {
  const count = h("span", { class: "count" });
  const rows = h("ul", { class: "lines" });
  const empty = h("p", { class: "empty", text: none });
  const element = h("section", { class: "panel", "aria-label": title }, h("header", {}, h("h2", { text: title }), count), rows, empty);
  return {
    element,
    /** @param {any[]} items @param {(item: any) => string} key @param {(item: any) => any} make */
    show(items, key, make) {
      keyed(rows, items, key, make);
      say(count, items.length);
      count.hidden = items.length === 0;
      empty.hidden = items.length > 0;
    },
  };
}

/** @param {{time: number, level: string, logger: string, message: string}} line */
function logLine(line) {
  const level = line.level.toUpperCase();
  const tone = /ERROR|CRITICAL|FATAL/.test(level) ? "bad" : /WARN/.test(level) ? "warn" : "";
  return h(
    "li",
    { class: "log-line" },
    h("span", { class: "muted nowrap", text: clock(line.time), title: moment(line.time) }),
    h("span", { class: `tag ${tone}`, text: level }),
    h("span", {}, h("span", { class: "muted", text: `${line.logger} ` }), line.message),
  );
}
