/** What is written into a spectrum: its strongest peaks, and where orders of the running speed are. */

import { FONT, UPlot } from "./chart.js";
import { channelColour, colour } from "./theme.js";
import { plain } from "./ticks.js";

const LABEL_PX = 54; // apart, so that labels do not cover each other
const LINE_PX = 16;
const ORDERS = 10;
const NAME_PX = 26; // from the name of an order to the next

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

/** Above the plot, as many as have room: 1×, 2× … @param {any} chart @param {Mapping} to @param {number} speedHz */
export function nameOrders(chart, to, speedHz) {
  const { ctx, bbox } = chart;
  const ratio = UPlot.pxRatio;
  const apart = to.x(2 * speedHz) - to.x(speedHz);
  const every = [1, 2, 5, 10].find((step) => step * apart >= NAME_PX * ratio) ?? Infinity;
  ctx.save();
  ctx.font = FONT.replace("11px", `${10 * ratio}px`);
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  ctx.fillStyle = colour("muted");
  for (let order = every; order <= ORDERS; order += every) {
    const x = to.x(order * speedHz);
    if (x >= bbox.left && x <= bbox.left + bbox.width) ctx.fillText(`${order}×`, x, bbox.top - 6 * ratio);
  }
  ctx.restore();
}

/**
 * A label that would lie over the curve is left out: the table has every peak.
 * @param {any} chart
 * @param {Mapping} to
 * @param {import("./peaks.js").ChannelPeak[]} peaks the strongest first
 * @param {(from: number, to: number) => number} highest the greatest amplitude between two frequencies
 */
export function drawPeaks(chart, to, peaks, highest) {
  const { ctx, bbox } = chart;
  const ratio = UPlot.pxRatio;
  const half = (LABEL_PX / 2 - 2) * ratio;
  const { min, max } = chart.scales.x;
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
    const middle = Math.max(bbox.left + half, Math.min(bbox.left + bbox.width - half, x));
    const [from, end] = [middle - half, middle + half].map((at) => min + ((at - bbox.left) / bbox.width) * (max - min));
    if (to.y(highest(from, end)) >= y - 8 * ratio) ctx.fillText(`${plain(peak.frequency)} Hz`, middle, y - 8 * ratio);
  }
  ctx.restore();
}
