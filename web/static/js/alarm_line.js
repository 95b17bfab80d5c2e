/** One alarm in a list. */

import { fill, h, say } from "./dom.js";
import { age, moment, severityName, words } from "./format.js";
import { icon } from "./icons.js";
import { alarmState } from "./marks.js";
import { serverNow } from "./session.js";

/**
 * @param {boolean} withSensor
 * @returns {any} a list item with `update(alarm)`
 */
export function alarmLine(withSensor) {
  const symbol = h("span", { class: "symbol" });
  const message = h("a", { class: "message" });
  const source = h("span", { class: "second" });
  const when = h("span", { class: "second number" });
  const line = h("li", { class: "alarm-line" }, symbol, h("span", { class: "grow" }, message, source), when);
  let severity = -1;
  line.update = (/** @type {any} */ alarm) => {
    const name = severityName(alarm.severity);
    if (alarm.severity !== severity) {
      symbol.className = `symbol mark tone-${name}`;
      fill(symbol, icon(name, 15), h("span", { class: "visually-hidden", text: `${words(name)} severity, ${alarm.severity}` }));
      severity = alarm.severity;
    }
    message.href = `/alarms?id=${encodeURIComponent(alarm.id)}`;
    say(message, alarm.message);
    const now = serverNow();
    const where = withSensor ? [alarm.serial_number, alarm.channel_name, alarm.target] : [alarm.rule, alarm.channel_name];
    say(source, [...where, alarmState(alarm)].filter(Boolean).join(" · "));
    say(when, age(alarm.activated_at, now));
    when.title = moment(alarm.activated_at);
  };
  return line;
}
