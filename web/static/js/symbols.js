/** How sensors and clusters look on the map: the shape says severity, then state; colour repeats it. */

import { integer, severityName } from "./format.js";
import { stateTone } from "./marks.js";
import { colour } from "./theme.js";

/** @typedef {CanvasRenderingContext2D} Context */

/** @type {Record<string, number[]>} corners of radius 1 */
const SHAPES = {
  high: [0, -1.25, 1.25, 0, 0, 1.25, -1.25, 0],
  medium: [0, -1.15, 1.15, 0.85, -1.15, 0.85],
  low: [-1.15, -0.85, 1.15, -0.85, 0, 1.15],
};

/** @param {Context} context @param {string} name @param {number} x @param {number} y @param {number} radius */
function shape(context, name, x, y, radius) {
  const corners = SHAPES[name];
  context.beginPath();
  for (let i = 0; i < corners.length; i += 2) context.lineTo(x + corners[i] * radius, y + corners[i + 1] * radius);
  context.closePath();
}

/**
 * One sensor. A severity's shape has the state in its middle.
 * @param {Context} context @param {number} x @param {number} y @param {string} state @param {number} severity
 */
export function drawSensor(context, x, y, state, severity) {
  const tone = stateTone(state);
  const alarm = severityName(severity);
  if (alarm === "none") {
    glyph(context, tone, x, y, 5, colour(tone === "unknown" ? "offline" : tone), colour("surface"));
    return;
  }
  shape(context, alarm, x, y, 8);
  context.fillStyle = colour(alarm);
  context.fill();
  context.strokeStyle = colour("surface");
  context.lineWidth = 1.5;
  context.stroke();
  glyph(context, tone, x, y + (alarm === "medium" ? 1.5 : alarm === "low" ? -1.5 : 0), 2.4, colour("surface"), "");
}

/**
 * @param {Context} context @param {string} tone @param {number} x @param {number} y @param {number} radius
 * @param {string} ink @param {string} halo empty: none
 */
function glyph(context, tone, x, y, radius, ink, halo) {
  context.beginPath();
  if (tone === "offline") {
    for (const side of [1, -1]) {
      context.moveTo(x - radius * side, y - radius);
      context.lineTo(x + radius * side, y + radius);
    }
  } else context.arc(x, y, radius, 0, 2 * Math.PI);
  if (halo) {
    context.strokeStyle = halo;
    context.lineWidth = tone === "awake" ? 2.5 : 5;
    context.stroke();
  }
  context.strokeStyle = ink;
  context.fillStyle = ink;
  context.lineWidth = radius > 3 ? 2 : 1.4;
  if (tone === "awake") context.fill();
  else {
    if (tone === "unknown") context.setLineDash([2, 2]);
    context.stroke();
    context.setLineDash([]);
  }
}

/** @param {number} count @returns {number} pixels */
export function clusterRadius(count) {
  return 10 + Math.min(12, 2.6 * Math.log2(count) ** 0.8);
}

/** @param {Context} context @param {number} x @param {number} y @param {number} count @param {number} severity the worst */
export function drawCluster(context, x, y, count, severity) {
  const radius = clusterRadius(count);
  const alarm = severityName(severity);
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour("surface");
  context.fill();
  context.strokeStyle = colour(alarm === "none" ? "awake" : alarm);
  context.lineWidth = 2;
  context.stroke();
  context.fillStyle = colour("text");
  context.font = '600 11px "Inter", system-ui, sans-serif';
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(integer(count), x, y + 0.5);
  if (alarm === "none") return;
  shape(context, alarm, x + radius * 0.72, y - radius * 0.72, 5);
  context.fillStyle = colour(alarm);
  context.fill();
  context.strokeStyle = colour("surface");
  context.lineWidth = 1.5;
  context.stroke();
}

/** @param {Context} context @param {number} x @param {number} y @param {number} radius around what is chosen */
export function drawChosen(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.strokeStyle = colour("accent");
  context.lineWidth = 2;
  context.stroke();
}
