/** Joins positions that would cover each other on the map. Pure. */

import { worldX, worldY } from "./mercator.js";

/**
 * @typedef {{serial_number: string, latitude: number, longitude: number, state: string, severity: number, target: string | null}} Position
 * @typedef {{x: number, y: number, count: number, severity: number, members: number[]}} Cluster `members` are indices of
 *   positions
 */

/** @param {Position[]} positions @returns {{xs: Float64Array, ys: Float64Array}} where they are in the world */
export function projected(positions) {
  return {
    xs: Float64Array.from(positions, (one) => worldX(one.longitude)),
    ys: Float64Array.from(positions, (one) => worldY(one.latitude)),
  };
}

/**
 * Cells lie fixed in the world, so panning changes no cluster.
 * @param {Position[]} positions
 * @param {Float64Array} xs
 * @param {Float64Array} ys
 * @param {number} cell width of a cell in the world
 * @returns {Cluster[]}
 */
export function clustered(positions, xs, ys, cell) {
  /** @type {Map<string, Cluster>} */
  const cells = new Map();
  for (let i = 0; i < positions.length; i += 1) {
    const column = Math.floor(xs[i] / cell);
    const row = Math.floor(ys[i] / cell);
    const found = near(cells, column, row, xs[i], ys[i], cell);
    if (found === null) {
      cells.set(`${column},${row}`, { x: xs[i], y: ys[i], count: 1, severity: positions[i].severity, members: [i] });
      continue;
    }
    found.count += 1;
    found.x += (xs[i] - found.x) / found.count;
    found.y += (ys[i] - found.y) / found.count;
    found.severity = Math.max(found.severity, positions[i].severity);
    found.members.push(i);
  }
  return [...cells.values()];
}

/**
 * The cluster of this cell, or one of a cell beside it that is nearer than half a cell.
 * @param {Map<string, Cluster>} cells @param {number} column @param {number} row @param {number} x @param {number} y @param {number} cell
 */
function near(cells, column, row, x, y, cell) {
  const here = cells.get(`${column},${row}`);
  if (here !== undefined) return here;
  for (let dx = -1; dx <= 1; dx += 1) {
    for (let dy = -1; dy <= 1; dy += 1) {
      const other = cells.get(`${column + dx},${row + dy}`);
      if (other !== undefined && Math.hypot(other.x - x, other.y - y) < cell / 2) return other;
    }
  }
  return null;
}

/** @param {Float64Array} xs @param {Float64Array} ys @param {number[]} members */
export function boxOf(xs, ys, members) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const i of members) {
    box.left = Math.min(box.left, xs[i]);
    box.right = Math.max(box.right, xs[i]);
    box.top = Math.min(box.top, ys[i]);
    box.bottom = Math.max(box.bottom, ys[i]);
  }
  return box;
}
