/** The table of sensors: sorted, searched and cut into pages by the server. */

import { fill, h, keyed, say } from "./dom.js";
import { age, duration, frequency, integer, NOTHING, number } from "./format.js";
import { severityMark, stateMark } from "./marks.js";

const STALE_MS = 60_000; // awake, and nothing for so long

/** @type {{key: string, label: string, class?: string, title?: string, most?: boolean}[]} most: the first click shows the greatest first, as that is the worst */
const COLUMNS = [
  { key: "serial_number", label: "Sensor" },
  { key: "state", label: "State" },
  { key: "severity", label: "Alarm", title: "The most severe open alarm; severity 1 to 1000", most: true },
  { key: "sample_frequency_hz", label: "Rate", class: "number wide", title: "Sample frequency" },
  { key: "last_measured_at", label: "Last data", class: "number", title: "Age of the newest measurement" },
  { key: "latency_s", label: "Latency", class: "number wide", title: "From the last sample of a batch to the database", most: true },
  { key: "missing", label: "Missing", class: "number wide", title: "Batches that are known to exist and have not arrived", most: true },
  { key: "battery_percent", label: "Battery", class: "number wide" },
  { key: "rssi_dbm", label: "Signal", class: "number wide", title: "Received signal strength" },
];

export class FleetTable {
  at = 0; // ms, when the server looked

  /** @param {(key: string, most: boolean) => void} sort by this column; most: at first the greatest on top */
  constructor(sort) {
    this.heads = new Map();
    const head = h("tr");
    for (const column of COLUMNS) {
      const arrow = h("span", { class: "arrow", "aria-hidden": "true" });
      const button = h("button", { type: "button", title: column.title, on: { click: () => sort(column.key, column.most ?? false) } }, column.class ? [arrow, column.label] : [column.label, arrow]);
      const cell = h("th", { class: column.class, scope: "col" }, button);
      this.heads.set(column.key, { cell, arrow });
      head.append(cell);
    }
    this.body = h("tbody");
    this.empty = h("p", { class: "empty", text: "Loading…" });
    this.element = h("div", {}, h("table", { class: "table fleet", testid: "fleet-table" }, h("caption", { class: "visually-hidden", text: "Sensors" }), h("thead", {}, head), this.body), this.empty);
    this.body.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const row = /** @type {Element} */ (event.target).closest("tr");
      const link = row?.querySelector("a");
      if (link && !(/** @type {Element} */ (event.target).closest("a")) && !String(getSelection() ?? "")) link.click();
    });
    this.body.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#step(event));
  }

  /**
   * @param {any[]} rows
   * @param {{sort: string, descending: number, query: string, state: string}} asked
   * @param {number} at ms, when the server looked
   */
  show(rows, asked, at) {
    for (const [key, { cell, arrow }] of this.heads) {
      const direction = asked.descending ? "descending" : "ascending";
      if (key === asked.sort) cell.setAttribute("aria-sort", direction);
      else cell.removeAttribute("aria-sort");
      say(arrow, key === asked.sort ? (asked.descending ? "↓" : "↑") : "");
    }
    this.at = at;
    keyed(this.body, rows, (row) => row.serial_number, (row) => this.#row(row));
    this.empty.hidden = rows.length > 0;
    const filtered = asked.query !== "" || asked.state !== "";
    say(this.empty, filtered ? "No sensor matches. Search for less, or take the filter away." : "No sensor has said anything yet. Make credentials with “iotctl provision”, and connect one.");
  }

  /** Arrow keys go from row to row. @param {KeyboardEvent} event */
  #step(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const row = /** @type {Element} */ (event.target).closest("tr");
    const next = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
    if (!next) return;
    event.preventDefault();
    next.querySelector("a")?.focus();
  }

  /** @param {any} first */
  #row(first) {
    const cells = COLUMNS.map((column) => h("td", { class: column.class }));
    const target = h("span", { class: "second" });
    fill(cells[0], h("a", { class: "serial", href: `/sensors/${encodeURIComponent(first.serial_number)}`, text: first.serial_number }), target);
    const row = h("tr", { class: "link", testid: `fleet-row-${first.serial_number}` }, cells);
    let state = "";
    let severity = -1;
    row.update = (/** @type {any} */ given) => {
      say(target, given.target ?? given.sensor_type ?? "");
      if (given.state !== state) fill(cells[1], stateMark(given.state));
      if (given.severity !== severity) fill(cells[2], severityMark(given.severity));
      ({ state, severity } = given);
      say(cells[3], frequency(given.sample_frequency_hz));
      const silent = this.at - given.last_measured_at;
      say(cells[4], age(given.last_measured_at, this.at));
      cells[4].classList.toggle("warn", given.state === "AWAKE" && given.last_measured_at !== null && silent > STALE_MS);
      say(cells[5], duration(given.latency_s));
      say(cells[6], integer(given.missing));
      cells[6].classList.toggle("warn", given.missing > 0);
      cells[6].classList.toggle("muted", !given.missing);
      say(cells[7], given.battery_percent === null ? NOTHING : `${number(given.battery_percent, 2)} %`);
      cells[7].classList.toggle("warn", given.battery_percent !== null && given.battery_percent < 20);
      say(cells[8], given.rssi_dbm ? `${number(given.rssi_dbm, 2)} dBm` : NOTHING);
    };
    return row;
  }
}
