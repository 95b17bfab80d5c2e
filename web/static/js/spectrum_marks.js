/** What is written into a spectrum: its strongest peaks, and where orders of the running speed are. */

import { FONT, UPlot } from "./chart.js";
import { channelColour, colour } from "./theme.js";
import { plain } from "./ticks.js";

const LABEL_PX = 64; // apart, so that labels do not cover each other
const LINE_PX = 16;
const ORDERS = 10;

/** @typedef {{x: (value: number) => number, y: (value: number) => number}} Mapping */

/** @param {CanvasRenderingContext2D} context @param {Mapping} to @param {any} chart @param {number} speedHz */
export function drawOrders(context, to, chart, speedHz) {
  const ratio = UPlot.pxRatio;
  context.strokeStyle = colour("line-strong");
  context.setLineDash([3 * ratio, 3 * ratio]);
  context.lineWidth = ratio;
  context.beginPath();
  for (let order = 1; order <= ORDERS; order += 1) {
    const x = to.x(order * speedHz);
    context.moveTo(x, 0);
    context.lineTo(x, chart.bbox.top + chart.bbox.height);
  }
  context.stroke();
  context.setLineDash([]);
}

/** @param {any} chart @param {Mapping} to @param {import("./peaks.js").ChannelPeak[]} peaks the strongest first */
export function drawPeaks(chart, to, peaks) {
  const { ctx, bbox } = chart;
  const ratio = UPlot.pxRatio;
  const half = (LABEL_PX / 2 - 6) * ratio;
  ctx.save(); // uPlot remembers what it has set
  ctx.font = FONT.replace("11px", `${11 * ratio}px`);
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  /** @type {[number, number][]} */
  const taken = [];
  for (const peak of peaks) {
    const x = to.x(peak.frequency);
    const y = Math.max(bbox.top, to.y(peak.amplitude));
    const covers = taken.some(([otherX, otherY]) => Math.abs(otherX - x) < LABEL_PX * ratio && Math.abs(otherY - y) < LINE_PX * ratio);
    if (covers || x < bbox.left || x > bbox.left + bbox.width) continue;
    taken.push([x, y]);
    ctx.fillStyle = channelColour(peak.channel);
    ctx.beginPath();
    ctx.moveTo(x, y - 2 * ratio);
    ctx.lineTo(x - 3.5 * ratio, y - 7 * ratio);
    ctx.lineTo(x + 3.5 * ratio, y - 7 * ratio);
    ctx.fill();
    ctx.fillStyle = colour("text");
    ctx.fillText(`${plain(peak.frequency)} Hz`, Math.max(bbox.left + half, Math.min(bbox.left + bbox.width - half, x)), y - 8 * ratio);
  }
  ctx.restore();
}
