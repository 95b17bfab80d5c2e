/** Joins positions that would cover each other on the map. Pure. */

import { worldX, worldY } from "./mercator.js";

const NEAR = 0.75; // of a cell: nearer clusters cover each other
/** @type {Cluster[]} */
const NONE = [];

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
  /** @type {Map<number, Cluster>} */
  const cells = new Map();
  for (let i = 0; i < positions.length; i += 1) {
    const key = cellOf(Math.floor(xs[i] / cell), Math.floor(ys[i] / cell));
    const found = cells.get(key);
    if (found === undefined) cells.set(key, { x: xs[i], y: ys[i], count: 1, severity: positions[i].severity, members: [i] });
    else absorb(found, { x: xs[i], y: ys[i], count: 1, severity: positions[i].severity, members: [i] });
  }
  return apart([...cells.values()], cell);
}

/** @param {number} column @param {number} row @returns {number} the key of a cell: both are below 2²⁶ */
function cellOf(column, row) {
  return column * 2 ** 27 + row;
}

/** Joins clusters of neighbouring cells that would still cover each other. @param {Cluster[]} clusters @param {number} cell */
function apart(clusters, cell) {
  /** @type {Map<number, Cluster[]>} */
  const kept = new Map();
  /** @type {Cluster[]} */
  const all = [];
  for (const one of clusters.sort((a, b) => b.count - a.count)) {
    const [column, row] = [Math.floor(one.x / cell), Math.floor(one.y / cell)];
    const other = covering(kept, column, row, one, NEAR * cell);
    if (other !== null) {
      absorb(other, one);
      continue;
    }
    all.push(one);
    const key = cellOf(column, row);
    const there = kept.get(key);
    if (there === undefined) kept.set(key, [one]);
    else there.push(one);
  }
  return all;
}

/** @param {Map<number, Cluster[]>} kept @param {number} column @param {number} row @param {Cluster} one @param {number} near @returns {Cluster | null} */
function covering(kept, column, row, one, near) {
  for (let dx = -1; dx <= 1; dx += 1) {
    for (let dy = -1; dy <= 1; dy += 1) {
      for (const other of kept.get(cellOf(column + dx, row + dy)) ?? NONE) {
        if (Math.hypot(other.x - one.x, other.y - one.y) < near) return other;
      }
    }
  }
  return null;
}

/** @param {Cluster} one @param {Cluster} other that becomes part of it */
function absorb(one, other) {
  one.count += other.count;
  one.x += ((other.x - one.x) * other.count) / one.count;
  one.y += ((other.y - one.y) * other.count) / one.count;
  one.severity = Math.max(one.severity, other.severity);
  for (const member of other.members) one.members.push(member);
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
