/** What lies under the sensors: coarse land and borders (Natural Earth, public domain), graticule, scale bar. */

import { bounds, clipRing } from "./clipping.js";
import { degreesText, graticuleStep, latitudeOf, longitudeOf, scaleBar, Viewport, worldX, worldY } from "./mercator.js";
import { colour } from "./theme.js";
import { linesOf, unwrapped } from "./topojson.js";

const COARSE = 150_000; // pixels a world: beyond, the outlines are off by more than they are worth
const LABELS_PX = 18; // at the lower edge, of longitudes: no line of the net crosses them
const FONT = '10.5px "Inter", system-ui, sans-serif';

/** @typedef {{points: Float64Array, box: [number, number, number, number]}} Line in the world */
/** @type {{land: Line[], borders: Line[], names: {text: string, x: number, y: number, width: number}[]} | null} */
let world = null;
/** @type {Promise<void> | null} */
let loading = null;

/** Fetches the outlines, once; without them the map has its graticule. */
export function loadWorld() {
  loading ??= fetch("/static/vendor/natural-earth/world.json")
    .then((response) => response.json())
    .then((topology) => {
      const lines = (/** @type {string} */ name) => linesOf(topology, name).flatMap((line) => toWorld(unwrapped(line)));
      world = {
        land: lines("land"),
        borders: lines("borders"),
        names: topology.names.map((/** @type {[string, number, number, number]} */ [text, longitude, latitude, degrees]) => ({
          text,
          x: worldX(longitude),
          y: worldY(latitude),
          width: degrees / 360,
        })),
      };
    })
    .catch(() => {
      loading = null;
    });
  return loading;
}

/** @param {Float64Array} degrees @returns {Line[]} what reaches beyond an edge of the world is at its other edge as well */
function toWorld(degrees) {
  const points = degrees.map((value, i) => (i % 2 === 0 ? worldX(value) : worldY(value)));
  const [left, , right] = bounds(points);
  return [0, 1, -1]
    .filter((shift) => left + shift < 1 && right + shift > 0)
    .map((shift) => points.map((value, i) => (i % 2 === 0 ? value + shift : value)))
    .map((moved) => ({ points: moved, box: bounds(moved) }));
}

/** @param {Viewport} view whether outlines are shown as they are too coarse for it */
export function tooNear(view) {
  return view.scale > COARSE;
}

/** @param {CanvasRenderingContext2D} context @param {Viewport} view */
export function drawLand(context, view) {
  context.fillStyle = tooNear(view) ? colour("surface") : colour("sea");
  context.fillRect(0, 0, view.width, view.height);
  if (world === null || tooNear(view)) return;
  context.beginPath();
  for (const line of world.land) trace(context, view, line);
  context.fillStyle = colour("land");
  context.fill("evenodd");
  context.strokeStyle = colour("coast");
  context.lineWidth = 0.8;
  context.stroke();
  context.beginPath();
  for (const line of world.borders) {
    if (!isSeen(view, line.box)) continue;
    const { points } = line;
    context.moveTo(view.px(points[0]), view.py(points[1]));
    for (let i = 2; i < points.length; i += 2) context.lineTo(view.px(points[i]), view.py(points[i + 1]));
  }
  context.setLineDash([3, 2]);
  context.stroke();
  context.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} context @param {Viewport} view names where there is room for them @param {number} [room] pixels a letter */
export function drawNames(context, view, room = 6.2) {
  if (world === null || tooNear(view)) return;
  context.font = FONT;
  context.fillStyle = colour("muted");
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const name of world.names) {
    if (name.width * view.scale < room * name.text.length) continue;
    const x = view.px(name.x);
    const y = view.py(name.y);
    if (x > 0 && x < view.width && y > 0 && y < view.height) context.fillText(name.text, x, y);
  }
}

/** @param {Viewport} view @param {[number, number, number, number]} box */
function isSeen(view, [left, top, right, bottom]) {
  return view.px(right) >= 0 && view.px(left) <= view.width && view.py(bottom) >= 0 && view.py(top) <= view.height;
}

/** @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Line} line */
function trace(context, view, { points, box }) {
  if (!isSeen(view, box)) return;
  if (Math.max(box[2] - box[0], box[3] - box[1]) * view.scale < 0.7) return;
  const margin = 4 / view.scale;
  const inside = clipRing(points, view.wx(0) - margin, view.wy(0) - margin, view.wx(view.width) + margin, view.wy(view.height) + margin);
  for (let i = 0; i < inside.length; i += 2) {
    const x = view.px(inside[i]);
    const y = view.py(inside[i + 1]);
    if (i === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  if (inside.length > 0) context.closePath();
}

/** @param {CanvasRenderingContext2D} context @param {Viewport} view */
export function drawGraticule(context, view) {
  const left = longitudeOf(view.wx(0));
  const right = longitudeOf(view.wx(view.width));
  const top = latitudeOf(view.wy(0));
  const bottom = latitudeOf(view.wy(view.height));
  const step = graticuleStep((right - left) / view.width, 90);
  context.font = FONT;
  context.strokeStyle = colour("grid");
  context.fillStyle = colour("muted");
  context.lineWidth = 1;
  context.textBaseline = "alphabetic";
  context.textAlign = "center";
  context.beginPath();
  for (let i = Math.ceil(Math.max(left, -180) / step); i * step <= Math.min(right, 180); i += 1) {
    const x = Math.round(view.px(worldX(i * step))) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, view.height - LABELS_PX);
    if (x > 60 && x < view.width - 30) context.fillText(degreesText(i * step, step, "E", "W"), x, view.height - 6);
  }
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (let i = Math.ceil(Math.max(bottom, -80) / step); i * step <= Math.min(top, 80); i += 1) {
    const y = Math.round(view.py(worldY(i * step))) + 0.5;
    if (y > view.height - LABELS_PX) continue;
    context.moveTo(0, y);
    context.lineTo(view.width, y);
    if (y > 16 && y < view.height - 44) context.fillText(degreesText(i * step, step, "N", "S"), 6, y - 7);
  }
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {Viewport} view */
export function drawScaleBar(context, view) {
  const bar = scaleBar(view.metres, Math.min(120, view.width / 4));
  const x = 8;
  const y = view.height - 22;
  context.strokeStyle = colour("text");
  context.fillStyle = colour("text");
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, y - 4);
  context.lineTo(x, y);
  context.lineTo(x + bar.pixels, y);
  context.lineTo(x + bar.pixels, y - 4);
  context.stroke();
  context.font = FONT;
  context.textAlign = "left";
  context.textBaseline = "bottom";
  context.fillText(bar.text, x + 5, y - 2);
}

/**
 * A small map of the surroundings with a mark where the view is.
 * @param {CanvasRenderingContext2D} context @param {Viewport} view
 */
export function drawLocator(context, view) {
  if (world === null || !tooNear(view) || view.width < 300 || view.height < 220) return;
  const small = new Viewport();
  small.width = Math.min(150, view.width * 0.3);
  small.height = Math.round(small.width * 0.68);
  small.scale = small.width * 9; // a ninth of the way round the world
  small.x = view.x;
  small.y = view.y;
  context.save();
  context.translate(view.width - small.width - 8, view.height - small.height - 22);
  context.beginPath();
  context.rect(0, 0, small.width, small.height);
  context.clip();
  drawLand(context, small);
  drawNames(context, small, 4.2);
  const [x, y] = [small.width / 2, small.height / 2];
  context.strokeStyle = colour("accent");
  context.lineWidth = 1.6;
  context.beginPath();
  context.arc(x, y, 5, 0, 7);
  for (const [dx, dy] of [[0, 1], [0, -1], [1, 0], [-1, 0]]) {
    context.moveTo(x + 5 * dx, y + 5 * dy);
    context.lineTo(x + 10 * dx, y + 10 * dy);
  }
  context.stroke();
  context.restore();
  context.strokeStyle = colour("line-strong");
  context.lineWidth = 1;
  context.strokeRect(view.width - small.width - 8.5, view.height - small.height - 22.5, small.width + 1, small.height + 1);
}
