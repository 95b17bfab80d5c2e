/** Commands to several sensors at once, and who gave which command when. */

import { get } from "./api.js";
import { parametersText } from "./command_line.js";
import { CommandPanel } from "./command_panel.js";
import { fill, h, keyed, say } from "./dom.js";
import { ago, duration, frequency, integer, moment, momentShort, words } from "./format.js";
import { fateTag, stateMark } from "./marks.js";
import { poll } from "./poll.js";
import { serverNow } from "./session.js";

const MOST = 500; // sensors of one request
const REFRESH_MS = 2_000;
const TYPING_MS = 200;
const FOUND = 100;

/** @param {HTMLElement} main @returns {import("./router.js").View} */
export function commandsView(main) {
  /** @type {Map<string, number | null>} by serial number: the highest sample frequency, where it is known */
  const chosen = new Map();
  const search = h("input", { class: "input", type: "search", placeholder: "Search sensor, machine, type", "aria-label": "Search sensors" });
  const found = h("ul", { class: "lines choices" });
  const note = h("p", { class: "muted note", role: "status" });
  const count = h("span", { class: "count", role: "status" });
  const none = h("button", { class: "button quiet small", type: "button", text: "Choose none", on: { click: () => choose([...chosen.keys()].map((serial_number) => ({ serial_number })), false) } });
  const all = h("button", { class: "button small", type: "button", text: "Choose all that are found", on: { click: () => void chooseAll() } });
  const panel = new CommandPanel(() => [...chosen.keys()], () => lowest([...chosen.values()]), () => audit.now());
  const body = h("tbody");
  const empty = h("p", { class: "empty", text: "Loading…" });

  main.append(
    h("div", { class: "page-head" }, h("h1", { tabindex: "-1", text: "Commands" })),
    h(
      "div",
      { class: "commands-grid" },
      h("section", { class: "panel", "aria-label": "Sensors" }, h("header", {}, h("h2", { text: "To whom" }), count, h("span", { class: "spacer" }), none), h("div", { class: "body choose" }, h("div", { class: "search-line" }, search, all), note, found)),
      panel.element,
    ),
    h(
      "section",
      { class: "panel audit", "aria-label": "Given commands" },
      h("header", {}, h("h2", { text: "Given commands" })),
      h(
        "div",
        { class: "table-scroll" },
        h(
          "table",
          { class: "table" },
          h("thead", {}, h("tr", {}, ["Given", "Sensor", "Command", "By", "Status", "Answer"].map((text, i) => h("th", { scope: "col", class: i === 3 || i === 5 ? "wide" : null, text })))),
          body,
        ),
        empty,
      ),
    ),
  );

  const audit = poll(async (signal) => {
    const { commands } = await get("/api/commands", { limit: 100 }, signal);
    keyed(body, commands, (one) => `${one.id} ${one.serial_number}`, auditRow);
    empty.hidden = commands.length > 0;
    say(empty, "No command was given yet.");
  }, REFRESH_MS);

  /** @type {any[]} */
  let rows = [];
  const finding = poll(async (signal) => {
    const answer = await get("/api/fleet", { query: search.value.trim(), limit: FOUND }, signal);
    rows = answer.rows;
    all.disabled = answer.matching === 0;
    say(all, answer.matching > FOUND ? `Choose all ${integer(Math.min(MOST, answer.matching))}` : "Choose all that are found");
    say(note, answer.matching > FOUND ? `${integer(answer.matching)} match, the first ${FOUND} are shown.` : answer.matching === 0 ? "No sensor matches." : "");
    keyed(found, rows, (row) => row.serial_number, choice);
  }, 10_000);

  /** @param {any} first @returns {any} */
  function choice(first) {
    const box = h("input", { type: "checkbox", on: { change: () => choose([first], box.checked) } });
    const state = h("span");
    const line = h("li", {}, h("label", { class: "choice" }, box, h("span", { class: "grow" }, first.serial_number, h("span", { class: "second", text: first.target ?? first.sensor_type ?? "" })), state));
    line.update = (/** @type {any} */ row) => {
      box.checked = chosen.has(row.serial_number);
      fill(state, stateMark(row.state));
    };
    return line;
  }

  /** @param {{serial_number: string, maximum_sample_frequency_hz?: number | null}[]} sensors @param {boolean} taken */
  function choose(sensors, taken) {
    for (const { serial_number: serial, maximum_sample_frequency_hz: maximumHz } of sensors) {
      if (!taken) chosen.delete(serial);
      else if (chosen.size < MOST) chosen.set(serial, maximumHz ?? null);
    }
    say(count, chosen.size === MOST ? `${MOST} chosen, more are not possible at once` : `${integer(chosen.size)} chosen`);
    none.disabled = chosen.size === 0;
    for (const line of /** @type {any} */ (found.children)) line.update(rows.find((row) => row.serial_number === line.dataset.key) ?? {});
    panel.refresh();
  }

  async function chooseAll() {
    const answer = await get("/api/fleet", { query: search.value.trim(), limit: MOST }).catch(() => ({ rows }));
    choose(answer.rows, true);
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => finding.now(), TYPING_MS);
  });
  choose([], true);

  return {
    title: "Commands",
    keys: { "/": () => search.focus() },
    dispose: () => {
      clearTimeout(typing);
      audit.stop();
      finding.stop();
    },
  };
}

/** @param {(number | null)[]} known @returns {number | null} of those that are known */
function lowest(known) {
  return known.reduce((least, one) => (least === null || (one !== null && one < least) ? one : least), null);
}

/** @param {any} first @returns {any} */
function auditRow(first) {
  const status = h("td");
  const answer = h("td", { class: "second wide" });
  const given = parametersText(first.parameters);
  const time = h("span", { class: "block nowrap" });
  const past = h("span", { class: "second block nowrap" });
  const when = h("td", { title: moment(first.issued_at) }, time, past);
  const row = h(
    "tr",
    {},
    when,
    h("td", {}, h("a", { class: "serial", href: `/sensors/${encodeURIComponent(first.serial_number)}`, text: first.serial_number })),
    h("td", {}, words(first.name), given ? h("span", { class: "second block", text: given }) : null),
    h("td", { class: "wide", text: first.client || first.issuer || "–" }),
    status,
    answer,
  );
  let shown = "";
  row.update = (/** @type {any} */ command) => {
    const now = serverNow();
    say(time, momentShort(command.issued_at, now));
    say(past, ago(command.issued_at, now));
    if (command.status !== shown) fill(status, fateTag(command.status));
    shown = command.status;
    const took = command.ended_at ? `after ${duration((command.ended_at - command.issued_at) / 1000)}` : "";
    const result = [command.state ? words(command.state).toLowerCase() : "", command.sample_frequency_hz ? frequency(command.sample_frequency_hz) : ""].filter(Boolean).join(", ");
    say(answer, [took, result, command.reason].filter(Boolean).join(" · ") || "–");
  };
  return row;
}
