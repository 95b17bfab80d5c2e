/** The fleet on a map: a canvas with symbols and clusters, and what happens on them. */

import { drawGraticule, drawLand, drawLocator, drawNames, drawScaleBar, loadWorld } from "./basemap.js";
import { boxOf, clustered, projected } from "./clusters.js";
import { h } from "./dom.js";
import { gestures } from "./gestures.js";
import { icon } from "./icons.js";
import { MapDetails } from "./map_details.js";
import { Viewport } from "./mercator.js";
import { clusterRadius, drawChosen, drawCluster, drawSensor } from "./symbols.js";
import { onTheme } from "./theme.js";
import { announce } from "./toasts.js";

const CELL_PX = 30;
const MANY = 300; // sensors: from here on clusters are large
const MANY_CELL_PX = 46;
const PAN_PX = 60;

export class FleetMap {
  /** @type {import("./clusters.js").Position[]} */
  #positions = [];
  /** @type {Float64Array} in the world */
  #xs = new Float64Array(0);
  /** @type {Float64Array} */
  #ys = new Float64Array(0);
  /** @type {import("./clusters.js").Cluster[]} */
  #clusters = [];
  #cell = 0; // that the clusters were made for
  #view = new Viewport();
  #fitted = false;
  #frame = 0;
  #chosen = -1; // index of a cluster

  /** @param {HTMLElement} host @param {(serial: string) => void} open */
  constructor(host, open) {
    this.open = open;
    this.canvas = h("canvas", {
      class: "map-canvas",
      tabindex: "0",
      role: "application",
      "aria-label": "Map of the sensors. Arrows move it, plus and minus zoom, 0 shows all, N and P go from sensor to sensor, Enter opens one. The table has the same sensors.",
    });
    this.details = new MapDetails();
    const button = (/** @type {string} */ name, /** @type {string} */ label, /** @type {() => void} */ click) =>
      h("button", { class: "button icon small", type: "button", title: label, "aria-label": label, on: { click } }, icon(name));
    const buttons = h(
      "div",
      { class: "map-buttons" },
      button("plus", "Zoom in", () => this.zoom(1.6)),
      button("minus", "Zoom out", () => this.zoom(1 / 1.6)),
      button("fit", "Show all sensors", () => this.fit()),
    );
    host.append(this.canvas, buttons, ...this.details.elements);
    gestures(this.canvas, {
      pan: (dx, dy) => this.pan(dx, dy),
      zoom: (factor, x, y) => this.zoom(factor, x, y),
      tap: (x, y) => this.#tap(x, y),
      hover: (x, y) => this.#hover(x, y),
      leave: () => this.#choose(-1),
      keys: {
        ArrowLeft: () => this.pan(PAN_PX, 0),
        ArrowRight: () => this.pan(-PAN_PX, 0),
        ArrowUp: () => this.pan(0, PAN_PX),
        ArrowDown: () => this.pan(0, -PAN_PX),
        "+": () => this.zoom(1.6),
        "=": () => this.zoom(1.6),
        "-": () => this.zoom(1 / 1.6),
        0: () => this.fit(),
        n: () => this.#step(1),
        p: () => this.#step(-1),
        Enter: () => this.#chosen >= 0 && this.#enter(this.#clusters[this.#chosen]),
        Escape: () => this.#choose(-1),
      },
    });
    this.#sized = new ResizeObserver(() => this.#resize());
    this.#sized.observe(host);
    this.#offTheme = onTheme(() => this.#draw());
    void loadWorld()?.then(() => this.#draw());
  }

  #sized;
  #offTheme;

  dispose() {
    this.#sized.disconnect();
    this.#offTheme();
    cancelAnimationFrame(this.#frame);
  }

  /** @param {import("./clusters.js").Position[]} positions */
  show(positions) {
    this.#positions = positions.filter((one) => Number.isFinite(one.latitude) && Number.isFinite(one.longitude) && one.latitude !== null);
    ({ xs: this.#xs, ys: this.#ys } = projected(this.#positions));
    this.#cell = 0;
    if (!this.#fitted && this.#positions.length > 0) this.fit();
    this.#draw();
  }

  fit() {
    this.#fitted = this.#positions.length > 0 && this.#view.width > 1;
    this.details.hideList();
    if (this.#positions.length > 0) this.#view.fit(boxOf(this.#xs, this.#ys, [...this.#xs.keys()]));
    else this.#view.fit({ left: 0.05, top: 0.2, right: 0.95, bottom: 0.7 }, 0);
    this.#draw();
  }

  /** @param {number} dx pixels @param {number} dy */
  pan(dx, dy) {
    this.#view.pan(dx, dy);
    this.details.hideList();
    this.#draw();
  }

  /** @param {number} factor @param {number} [x] pixel that stays @param {number} [y] */
  zoom(factor, x, y) {
    this.#view.zoom(factor, x, y);
    this.details.hideList();
    this.#draw();
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width === 0 || height === 0) return;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.#view.width = width;
    this.#view.height = height;
    this.#view.leastScale = width / 1.1;
    if (!this.#fitted) this.fit();
    this.#draw();
  }

  #draw() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.#frame = 0;
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    const ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const view = this.#view;
    drawLand(context, view);
    drawGraticule(context, view);
    drawNames(context, view);
    drawLocator(context, view);
    drawScaleBar(context, view);
    this.#cluster();
    // the worst last, so that nothing covers it
    for (const one of this.#clusters) {
      const x = view.px(one.x);
      const y = view.py(one.y);
      if (x < -30 || y < -30 || x > view.width + 30 || y > view.height + 30) continue;
      const sensor = this.#positions[one.members[0]];
      if (one.count > 1) drawCluster(context, x, y, one.count, one.severity);
      else drawSensor(context, x, y, sensor.state, sensor.severity);
    }
    const chosen = this.#clusters[this.#chosen];
    if (chosen) drawChosen(context, view.px(chosen.x), view.py(chosen.y), (chosen.count > 1 ? clusterRadius(chosen.count) : 9) + 4);
  }

  /** Clusters are made anew where cells have another size: steps of √2 of the scale. */
  #cluster() {
    const pixels = this.#positions.length > MANY ? MANY_CELL_PX : CELL_PX;
    const cell = pixels / 2 ** (Math.round(2 * Math.log2(this.#view.scale)) / 2);
    if (cell === this.#cell) return;
    this.#cell = cell;
    this.#clusters = clustered(this.#positions, this.#xs, this.#ys, cell).sort((a, b) => a.severity - b.severity);
    this.#choose(-1);
  }

  /** @param {number} x pixel @param {number} y @returns {number} index of the cluster there, or −1 */
  #at(x, y) {
    let found = -1;
    let nearest = Infinity;
    this.#clusters.forEach((one, i) => {
      const distance = Math.hypot(this.#view.px(one.x) - x, this.#view.py(one.y) - y);
      if (distance < Math.min(nearest, one.count > 1 ? clusterRadius(one.count) + 3 : 13)) [found, nearest] = [i, distance];
    });
    return found;
  }

  /** @param {number} x @param {number} y */
  #hover(x, y) {
    const found = this.#at(x, y);
    this.canvas.classList.toggle("on-symbol", found >= 0);
    if (found !== this.#chosen) this.#choose(found);
  }

  /** @param {number} x @param {number} y */
  #tap(x, y) {
    const found = this.#at(x, y);
    this.details.hideList();
    if (found >= 0) this.#enter(this.#clusters[found]);
  }

  /** @param {number} direction */
  #step(direction) {
    const count = this.#clusters.length;
    if (count === 0) return;
    this.#choose((this.#chosen + direction + count) % count);
    const one = this.#clusters[this.#chosen];
    const [x, y] = [this.#view.px(one.x), this.#view.py(one.y)];
    if (x < 20 || y < 20 || x > this.#view.width - 20 || y > this.#view.height - 20) [this.#view.x, this.#view.y] = [one.x, one.y];
    announce(this.details.text);
  }

  /** @param {number} index −1: nothing */
  #choose(index) {
    this.#chosen = index;
    const one = this.#clusters[index];
    if (one === undefined) this.details.hideTip();
    else this.details.describe(one, this.#positions[one.members[0]], this.#view);
    this.#draw();
  }

  /** @param {import("./clusters.js").Cluster} one opens a sensor, or looks into a cluster */
  #enter(one) {
    if (one.count === 1) {
      this.open(this.#positions[one.members[0]].serial_number);
      return;
    }
    const box = boxOf(this.#xs, this.#ys, one.members);
    const width = Math.max(box.right - box.left, box.bottom - box.top);
    if (width * 4e8 > CELL_PX) {
      this.#view.fit(box, 60, 8e8);
      this.#draw();
      return;
    }
    // at one and the same place: no zoom parts them
    this.details.list(one.members.map((i) => this.#positions[i]));
  }
}
