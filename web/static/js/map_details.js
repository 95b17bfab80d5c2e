/** What the map says of a symbol, and which sensors are at one place. */

import { fill, h } from "./dom.js";
import { severityName, words } from "./format.js";
import { stateTone } from "./marks.js";

const LISTED = 12;

/** @typedef {import("./clusters.js").Position} Position */

export class MapDetails {
  constructor() {
    this.tip = h("div", { class: "map-tip", hidden: true });
    this.places = h("div", { class: "map-list", hidden: true });
    this.elements = [this.tip, this.places];
  }

  /** @returns {string} what is said now */
  get text() {
    return [...this.tip.children].map((one) => one.textContent).filter(Boolean).join(", ");
  }

  hideTip() {
    this.tip.hidden = true;
  }

  hideList() {
    this.places.hidden = true;
  }

  /**
   * @param {import("./clusters.js").Cluster} one
   * @param {Position} sensor its first
   * @param {import("./mercator.js").Viewport} view
   */
  describe(one, sensor, view) {
    const alarm = one.severity ? `${words(severityName(one.severity))} alarm (${one.severity})` : "";
    if (one.count > 1) fill(this.tip, h("b", { text: `${one.count} sensors` }), h("span", { text: alarm }));
    else {
      fill(this.tip, h("b", { text: sensor.serial_number }), h("span", { class: "muted", text: sensor.target ?? "" }), h("span", { text: words(stateTone(sensor.state)) }), h("span", { text: alarm }));
    }
    this.tip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    this.tip.style.left = `${Math.max(4, Math.min(view.width - width - 4, view.px(one.x) + 14))}px`;
    this.tip.style.top = `${Math.max(4, Math.min(view.height - height - 4, view.py(one.y) + 12))}px`;
  }

  /** @param {Position[]} members of a cluster that no zoom parts */
  list(members) {
    const sorted = [...members].sort((a, b) => b.severity - a.severity || a.serial_number.localeCompare(b.serial_number));
    fill(
      this.places,
      h("h3", { text: `${members.length} sensors at this place` }),
      sorted.slice(0, LISTED).map((sensor) => h("a", { href: `/sensors/${encodeURIComponent(sensor.serial_number)}`, text: sensor.serial_number })),
      members.length > LISTED ? h("span", { class: "muted", text: `and ${members.length - LISTED} more: search for them in the table` }) : null,
    );
    this.places.hidden = false;
    /** @type {HTMLElement | null} */ (this.places.querySelector("a"))?.focus();
  }
}
