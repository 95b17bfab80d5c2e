/** The spectrum's panel: scale, channels, running speed, and the strongest peaks as a table. */

import { fill, h, say } from "./dom.js";
import { number } from "./format.js";
import { segments } from "./segments.js";
import { Spectrum } from "./spectrum.js";
import { plain } from "./ticks.js";
import { chartHost } from "./waveform.js";

export class SpectrumPanel {
  /** @param {string} serial @param {{number: number, name: string, unit: string}[]} channels */
  constructor(serial, channels) {
    this.channels = channels;
    this.key = `speed-${serial}`;
    this.empty = h("p", { class: "empty", text: "Waiting for the first spectrum. It needs some seconds of data; slow sensors have none." });
    this.peaks = h("tbody");
    this.note = h("span", { class: "muted" });
    const readout = h("span", { class: "readout" });
    const host = chartHost("spectrum", "Spectrum; its strongest peaks are in the table");
    const speed = h("input", { class: "input small short", type: "number", min: "0", step: "any", placeholder: "–", "aria-label": "Running speed in revolutions per minute" });
    const order = h("th", { class: "number", scope: "col", text: "Order" });
    this.element = h(
      "section",
      { class: "panel", "aria-label": "Live spectrum" },
      h(
        "header",
        {},
        h("h2", { text: "Spectrum" }),
        this.note,
        h("span", { class: "spacer" }),
        h("label", { class: "inline muted", title: "For orders, multiples of the running speed. What is shown in grey is the machine's nominal speed; the spectrum is searched for the true one near it. What you enter is taken as it is." }, "Speed", speed, "rpm"),
        segments("Amplitude axis", [["lin", false], ["log", true]], false, (log) => this.spectrum.scale(log)),
      ),
      this.empty,
      (this.body = h(
        "div",
        { class: "body spectrum-grid", hidden: true },
        h("div", {}, h("div", { class: "chart-title" }, this.#chips(), readout), host),
        h("table", { class: "table peaks" }, h("caption", { text: "Strongest peaks" }), h("thead", {}, h("tr", {}, h("th", { class: "number", scope: "col", text: "Hz" }), h("th", { class: "number", scope: "col", text: "Amplitude" }), order)), this.peaks),
      )),
    );
    this.spectrum = new Spectrum(host, channels, readout, (found) => this.#show(found));
    this.speed = speed;
    speed.addEventListener("input", () => {
      this.#apply();
      try {
        sessionStorage.setItem(this.key, speed.value);
      } catch {
        // not kept
      }
    });
    try {
      speed.value = sessionStorage.getItem(this.key) ?? "";
    } catch {
      // not kept
    }
    this.#apply();
  }

  /** What the machine's speed is, as long as nobody enters another. @param {number | null | undefined} rpm */
  knowSpeed(rpm) {
    const text = rpm ? String(Number(rpm.toPrecision(6))) : "–";
    if (this.speed.placeholder === text) return;
    this.speed.placeholder = text;
    this.#apply();
  }

  #apply() {
    const rpm = Number(this.speed.value || this.speed.placeholder);
    this.spectrum.speed(rpm > 0 ? rpm / 60 : 0, this.speed.value !== "");
  }

  dispose() {
    this.spectrum.dispose();
  }

  /** @param {import("./frames.js").Frame} frame */
  take(frame) {
    this.spectrum.take(frame);
    this.empty.hidden = true;
    this.body.hidden = false;
    const units = [...new Set(this.channels.map((one) => one.unit))].filter(Boolean).join(", ");
    const turning = this.spectrum.measured ? ` · turning at ${(60 * this.spectrum.speedHz).toFixed(0)} rpm` : "";
    say(this.note, `amplitude${units ? `, ${units}` : ""} · resolution ${number(frame.step)} Hz${turning}`);
  }

  /** @param {boolean} paused */
  pause(paused) {
    this.spectrum.paused = paused;
  }

  #chips() {
    if (this.channels.length < 2) return null;
    return this.channels.map((channel) => {
      const chip = h("button", { class: "chip", type: "button", "aria-pressed": "true" }, h("span", { class: `swatch channel-${channel.number % 8}` }), channel.name || `Channel ${channel.number}`);
      chip.addEventListener("click", () => {
        const shown = chip.getAttribute("aria-pressed") !== "true";
        chip.setAttribute("aria-pressed", String(shown));
        this.spectrum.toggle(channel.number, shown);
      });
      return chip;
    });
  }

  /** @param {import("./spectrum.js").Peak[]} found */
  #show(found) {
    const rows = found.map((peak) => {
      const channel = this.channels.find((one) => one.number === peak.channel);
      return h(
        "tr",
        {},
        h("td", { class: "number" }, h("span", { class: `swatch channel-${peak.channel % 8}`, title: channel?.name }), plain(peak.frequency)),
        h("td", { class: "number", text: `${number(peak.amplitude)} ${channel?.unit ?? ""}` }),
        h("td", { class: "number", text: this.spectrum?.speedHz ? `${number(peak.frequency / this.spectrum.speedHz)}×` : "–" }),
      );
    });
    fill(this.peaks, rows.length > 0 ? rows : h("tr", {}, h("td", { colspan: "3", class: "muted", text: "none stands out" })));
  }
}
