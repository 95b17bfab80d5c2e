/** What is wrong now: a list by severity, and beside it what is known of one alarm. */

import { get } from "./api.js";
import { AlarmDetail } from "./alarm_detail.js";
import { acknowledge } from "./alarm_actions.js";
import { AlarmTable } from "./alarm_table.js";
import { h, say } from "./dom.js";
import { integer, severityName } from "./format.js";
import { poll } from "./poll.js";
import { segments } from "./segments.js";
import { mayAct, serverNow, VIEWER_REASON } from "./session.js";
import { toast } from "./toasts.js";

const REFRESH_MS = 2_000;
const LIMIT = 200;

/** @param {HTMLElement} main @returns {import("./router.js").View} */
export function alarmsView(main) {
  const query = new URLSearchParams(location.search);
  const asked = { state: query.get("state") ?? "open", text: "", least: 0, kept: "" };
  let chosen = query.get("id") ?? "";
  /** @type {any[]} */
  let alarms = [];
  /** @type {any[]} */
  let shown = [];

  const search = h("input", { class: "input small", type: "search", placeholder: "Search sensor, machine, rule, text", "aria-label": "Search alarms" });
  const least = h("select", { class: "select small", "aria-label": "Severity" }, [["0", "Any severity"], ["334", "Medium and high"], ["667", "High only"]].map(([value, text]) => h("option", { value, text })));
  const kept = h("select", { class: "select small", "aria-label": "State", title: "Shelved: by an operator, or suppressed because something is out of service" }, [["", "Any state"], ["unacknowledged", "Unacknowledged"], ["told", "Not shelved"], ["silent", "Shelved"]].map(([value, text]) => h("option", { value, text })));
  const count = h("span", { class: "muted nowrap", role: "status" });
  const states = segments("Which alarms", [["Open", "open"], ["Closed", "closed"], ["All", "all"]], asked.state, (state) => {
    asked.state = state;
    asking.now();
  });
  const table = new AlarmTable((id) => choose(id, true), (alarm) => void act(alarm));
  const detail = new AlarmDetail(() => asking.now(), () => choose("", false));

  main.append(
    h("div", { class: "page-head" }, h("h1", { tabindex: "-1", text: "Alarms" })),
    h(
      "div",
      { class: "alarms-grid" },
      h(
        "section",
        { class: "panel alarm-list", "aria-label": "Alarms" },
        h("header", {}, states, search, least, kept, h("span", { class: "spacer" }), count),
        h("div", { class: "table-scroll" }, table.element),
      ),
      detail.element,
    ),
  );

  const asking = poll(async (signal) => {
    const answer = await get("/api/alarms", { state: asked.state, limit: LIMIT }, signal);
    alarms = answer.alarms;
    show();
    if (chosen) await detail.show(chosen, signal);
  }, REFRESH_MS, (error) => error && table.fail(error.message));

  function show() {
    const text = asked.text.toLowerCase();
    const now = serverNow();
    shown = alarms
      .filter((one) => one.severity >= asked.least)
      .filter((one) => asked.kept !== "unacknowledged" || !one.acknowledged)
      .filter((one) => !["told", "silent"].includes(asked.kept) || (asked.kept === "silent") === (one.suppressed || one.shelved))
      .filter((one) => text === "" || [one.serial_number, one.target, one.rule, one.message, one.channel_name].join(" ").toLowerCase().includes(text))
      .sort((a, b) => rank(b) - rank(a) || b.activated_at - a.activated_at);
    table.show(shown, chosen, now);
    say(count, `${integer(shown.length)}${alarms.length >= LIMIT ? ` of the newest ${LIMIT}` : ` of ${integer(alarms.length)}`}`);
  }

  /** @param {string} id empty: none @param {boolean} focus */
  function choose(id, focus) {
    chosen = id;
    history.replaceState(null, "", id ? `/alarms?id=${encodeURIComponent(id)}` : "/alarms");
    table.choose(id, focus);
    if (id) {
      void detail.show(id);
      if (focus && matchMedia("(max-width: 1100px)").matches) detail.element.scrollIntoView({ block: "start" });
    }
    else detail.hide();
  }

  /** @param {any} alarm */
  async function act(alarm) {
    if (!mayAct()) toast(VIEWER_REASON, "bad");
    else if (await acknowledge(alarm)) asking.now();
  }

  /** @param {number} step */
  function move(step) {
    const at = shown.findIndex((one) => one.id === chosen);
    const next = shown[at < 0 ? (step > 0 ? 0 : shown.length - 1) : at + step];
    if (next) choose(next.id, true);
  }

  search.addEventListener("input", () => {
    asked.text = search.value.trim();
    show();
  });
  for (const field of [least, kept]) {
    field.addEventListener("change", () => {
      Object.assign(asked, { least: Number(least.value), kept: kept.value });
      show();
    });
  }

  return {
    title: "Alarms",
    keys: {
      j: () => move(1),
      k: () => move(-1),
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      a: () => {
        const alarm = shown.find((one) => one.id === chosen);
        if (alarm) void act(alarm);
      },
      "/": () => search.focus(),
      Escape: () => choose("", false),
    },
    dispose: () => {
      asking.stop();
      detail.dispose();
    },
  };
}

/** Severity's class first, then what nobody has acknowledged. @param {any} alarm */
function rank(alarm) {
  const order = { none: 0, low: 1, medium: 2, high: 3 }[severityName(alarm.severity)] ?? 0;
  return order * 4000 + (alarm.acknowledged ? 0 : 2000) + alarm.severity;
}
