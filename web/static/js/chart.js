/** What the charts have in common: uPlot with this page's colours, axes and sizes. */

import { colour, onTheme } from "./theme.js";

/** uPlot is a classic script of its own (vendor/uplot). @type {any} */
export const UPlot = /** @type {any} */ (globalThis).uPlot;

export const FONT = '11px "Inter", system-ui, sans-serif';

/**
 * @param {any} options more than `scale`, as of uPlot
 * @returns {any} an axis of uPlot
 */
export function axis(options) {
  return {
    font: FONT,
    stroke: () => colour("muted"),
    grid: { stroke: () => colour("grid"), width: 1 },
    ticks: { show: false },
    gap: 5,
    ...options,
  };
}

/** Where x and y lie on the canvas, without a call a point. @param {any} chart @param {string} [yScale] */
export function mapping(chart, yScale = "y") {
  const { left, top, width, height } = chart.bbox;
  const { min: x0, max: x1 } = chart.scales.x;
  const { min: y0, max: y1, distr } = chart.scales[yScale];
  const kx = width / (x1 - x0);
  if (distr === 3) {
    const [low, high] = [Math.log10(y0), Math.log10(y1)];
    return {
      x: (/** @type {number} */ value) => left + (value - x0) * kx,
      y: (/** @type {number} */ value) => top + height * (1 - (Math.log10(Math.max(value, y0 * 1e-3)) - low) / (high - low)),
    };
  }
  const ky = height / (y1 - y0);
  return {
    x: (/** @type {number} */ value) => left + (value - x0) * kx,
    y: (/** @type {number} */ value) => top + height - (value - y0) * ky,
  };
}

/**
 * Draws inside of the plot only.
 * @param {any} chart
 * @param {(context: CanvasRenderingContext2D, ratio: number) => void} draw
 */
export function clipped(chart, draw) {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx, UPlot.pxRatio);
  ctx.restore();
}

/**
 * Keeps a chart as wide as its host, and in the colours of the theme.
 * @param {any} chart
 * @param {HTMLElement} host
 * @param {number} height
 * @param {() => void} [resized]
 * @returns {() => void} ends it, and the chart
 */
export function fitted(chart, host, height, resized = () => {}) {
  let width = 0;
  const observer = new ResizeObserver(() => {
    const now = Math.floor(host.clientWidth);
    if (now === 0 || now === width) return;
    width = now;
    chart.setSize({ width, height });
    resized();
  });
  observer.observe(host);
  const offTheme = onTheme(() => chart.redraw(false, true));
  return () => {
    observer.disconnect();
    offTheme();
    chart.destroy();
  };
}

const LABEL_PX = 56;

/** Whether a label of the x axis has room before the right edge. @param {any} chart @param {number} at */
export function isWhole(chart, at) {
  const { min, max } = chart.scales.x;
  return ((max - at) / (max - min)) * chart.over.clientWidth > LABEL_PX / 2 - 8;
}
