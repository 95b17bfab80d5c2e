/** The fleet: figures, table, map. */

import { get } from "./api.js";
import { h, say } from "./dom.js";
import { FleetTable } from "./fleet_table.js";
import { integer } from "./format.js";
import { icon } from "./icons.js";
import { FleetMap } from "./map.js";
import { poll } from "./poll.js";

const FLEET_MS = 2_000;
const POSITIONS_MS = 10_000;
const TYPING_MS = 200;

/** @type {[string, string][]} state → symbol */
const STATES = [
  ["AWAKE", "awake"],
  ["ASLEEP", "asleep"],
  ["OFFLINE", "offline"],
  ["unknown", "unknown"],
];

/** @param {HTMLElement} main @returns {import("./router.js").View} */
export function fleetView(main) {
  const query = new URLSearchParams(location.search);
  const asked = {
    query: query.get("query") ?? "",
    state: query.get("state") ?? "",
    sort: query.get("sort") ?? "serial_number",
    descending: query.get("descending") === "1" ? 1 : 0,
    offset: Number(query.get("offset")) || 0,
    limit: 100,
  };

  const figures = new Figures((state) => change({ state: asked.state === state ? "" : state }));
  const search = h("input", {
    class: "input",
    type: "search",
    value: asked.query,
    placeholder: "Search sensor, machine, type",
    "aria-label": "Search sensors",
    testid: "fleet-search",
  });
  const matching = h("span", { class: "muted nowrap", role: "status" });
  const table = new FleetTable((sort, most) => change({ sort, descending: (asked.sort === sort ? !asked.descending : most) ? 1 : 0 }));
  const earlier = h("button", { class: "button icon small", type: "button", "aria-label": "Page before", on: { click: () => change({ offset: Math.max(0, asked.offset - asked.limit) }) } }, icon("back"));
  const later = h("button", { class: "button icon small", type: "button", "aria-label": "Next page", on: { click: () => change({ offset: asked.offset + asked.limit }) } }, icon("next"));
  const mapHost = h("div", { class: "map", testid: "map" });
  const failure = h("p", { class: "error-text", role: "alert", hidden: true });

  main.append(
    h("div", { class: "page-head" }, h("h1", { tabindex: "-1", text: "Fleet" }), failure),
    figures.element,
    h(
      "div",
      { class: "fleet-grid" },
      h(
        "section",
        { class: "panel fleet-list", "aria-label": "Sensors" },
        h("header", {}, search, h("span", { class: "spacer" }), matching, h("span", { class: "inline pager" }, earlier, later)),
        h("div", { class: "table-scroll" }, table.element),
      ),
      h("section", { class: "panel fleet-map", "aria-label": "Map" }, mapHost),
    ),
  );
  const map = new FleetMap(mapHost, (serial) => dispatchEvent(new CustomEvent("navigate", { detail: `/sensors/${encodeURIComponent(serial)}` })));

  const fleet = poll(async (signal) => {
    const answer = await get("/api/fleet", asked, signal);
    if (answer.rows.length === 0 && asked.offset > 0 && answer.matching > 0) return change({ offset: 0 });
    figures.show(answer, asked.state);
    table.show(answer.rows, asked, answer.at);
    const last = asked.offset + answer.rows.length;
    say(matching, answer.matching === 0 ? "no match" : `${integer(asked.offset + 1)}–${integer(last)} of ${integer(answer.matching)}`);
    earlier.disabled = asked.offset === 0;
    later.disabled = last >= answer.matching;
  }, FLEET_MS, (error) => {
    failure.hidden = error === null;
    say(failure, error?.message ?? "");
  });
  const positions = poll(async (signal) => map.show((await get("/api/positions", {}, signal)).sensors), POSITIONS_MS);

  /** @param {Partial<typeof asked>} changes what is asked for from now on; it stays in the address */
  function change(changes) {
    Object.assign(asked, { offset: 0 }, changes);
    const kept = new URLSearchParams();
    if (asked.query) kept.set("query", asked.query);
    if (asked.state) kept.set("state", asked.state);
    if (asked.sort !== "serial_number" || asked.descending) {
      kept.set("sort", asked.sort);
      kept.set("descending", String(asked.descending));
    }
    if (asked.offset) kept.set("offset", String(asked.offset));
    history.replaceState(null, "", kept.size > 0 ? `/?${kept}` : "/");
    fleet.now();
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => change({ query: search.value.trim() }), TYPING_MS);
  });

  return {
    title: "Fleet",
    keys: { "/": () => search.focus() },
    dispose: () => {
      clearTimeout(typing);
      fleet.stop();
      positions.stop();
      map.dispose();
    },
  };
}

/** The line of figures: sensors by state (buttons that filter), alarms, missing batches. */
class Figures {
  /** @param {(state: string) => void} choose */
  constructor(choose) {
    /** @type {Record<string, {value: HTMLElement, note: HTMLElement, box: HTMLElement}>} */
    this.cells = {};
    const cell = (/** @type {string} */ name, /** @type {string} */ label, /** @type {string} */ symbol, /** @type {any} */ properties, tag = "div") => {
      const value = h("span", { class: "figure-value", text: "–" });
      const note = h("span", { class: "figure-note" });
      const box = h(tag, { class: `figure ${symbol ? `tone-${symbol}` : ""}`, ...properties }, h("span", { class: "figure-label" }, symbol ? icon(symbol, 13) : null, label), h("span", { class: "figure-line" }, value, note));
      this.cells[name] = { value, note, box };
      return box;
    };
    this.element = h(
      "div",
      { class: "figures panel" },
      cell("total", "Sensors", "", {}),
      STATES.map(([state, symbol]) => cell(state, `${state[0]}${state.slice(1).toLowerCase()}`.replace("unknown", "Unknown"), symbol, { type: "button", "aria-pressed": "false", title: "Show only these", on: { click: () => choose(state) } }, "button")),
      cell("alarms", "Active alarms", "", { href: "/alarms" }, "a"),
      cell("missing", "Missing batches", "", { title: "Batches that are known to exist and have not arrived" }),
    );
  }

  /** @param {any} answer @param {string} chosen */
  show(answer, chosen) {
    const { total, counts, alarms, missing } = answer;
    say(this.cells.total.value, integer(total));
    for (const [state] of STATES) {
      const count = counts[state] ?? 0;
      say(this.cells[state].value, integer(count));
      say(this.cells[state].note, total > 0 && count > 0 ? `${Math.round((100 * count) / total)} %` : "");
      this.cells[state].box.setAttribute("aria-pressed", String(state === chosen));
      this.cells[state].box.classList.toggle("none", count === 0);
    }
    say(this.cells.alarms.value, integer(alarms.active));
    say(this.cells.alarms.note, alarms.unacknowledged ? `${integer(alarms.unacknowledged)} unacknowledged` : "");
    this.cells.alarms.box.classList.toggle("wrong", alarms.unacknowledged > 0);
    say(this.cells.missing.value, integer(missing));
    this.cells.missing.box.classList.toggle("lacking", missing > 0);
  }
}
