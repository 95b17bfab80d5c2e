/** Small pictures, drawn by hand on a grid of 16. Shapes differ, so that nothing is said by colour alone. */

import { svg } from "./dom.js";

/** @type {Record<string, {stroke?: string[], fill?: string[]}>} */
const PATHS = {
  // states of a sensor
  awake: { fill: ["M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z"] },
  asleep: { fill: ["M10.9 10.9A5.2 5.2 0 0 1 6 3.2a5.3 5.3 0 1 0 7 7 5 5 0 0 1-2.1.7z"] },
  offline: { stroke: ["M4.5 4.5l7 7M11.5 4.5l-7 7"] },
  unknown: { stroke: ["M8 3.200a4.800 4.800 0 0 1 3.400 1.400M12.800 8a4.800 4.800 0 0 1-1.400 3.400M8 12.800a4.800 4.800 0 0 1-3.400-1.400M3.200 8a4.800 4.800 0 0 1 1.400-3.400"] },
  // severities
  high: { fill: ["M8 1.200L14.800 8 8 14.800 1.200 8zM7.200 4.600v4.200h1.600V4.600zM7.200 9.900v1.500h1.600V9.900z"] },
  medium: { fill: ["M8 1.800l6.800 12H1.200zM7.300 6v4h1.400V6zM7.300 11v1.400h1.400V11z"] },
  low: { fill: ["M2 4.200h12L8 14z"] },
  none: { stroke: ["M4 8h8"] },
  // things to do
  sun: { stroke: ["M8 5.200a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600zM8 1.500v1.300M8 13.200v1.300M1.500 8h1.300M13.200 8h1.300M3.400 3.400l.9.9M11.700 11.700l.9.9M3.400 12.600l.9-.9M11.700 4.300l.9-.9"] },
  moon: { stroke: ["M13 9.700A5.500 5.500 0 0 1 6.300 3 5.500 5.500 0 1 0 13 9.700z"] },
  auto: { stroke: ["M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11z"], fill: ["M8 2.500a5.500 5.500 0 0 1 0 11z"] },
  help: { stroke: ["M6.100 6.200a2 2 0 1 1 2.900 1.800c-.7.4-1 .8-1 1.500M8 11.800v.1M8 1.800a6.200 6.200 0 1 0 0 12.400A6.200 6.200 0 0 0 8 1.800z"] },
  logout: { stroke: ["M6.500 2.500h-3v11h3M7 8h7M11.200 5.200L14 8l-2.800 2.800"] },
  plus: { stroke: ["M8 3.500v9M3.500 8h9"] },
  minus: { stroke: ["M3.500 8h9"] },
  fit: { stroke: ["M2.500 6v-3.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10"] },
  pause: { fill: ["M4.5 3h2.500v10H4.5zM9 3h2.500v10H9z"] },
  play: { fill: ["M4.5 2.800v10.400L13 8z"] },
  check: { stroke: ["M3 8.500l3.200 3.200L13 4.800"] },
  close: { stroke: ["M4 4l8 8M12 4l-8 8"] },
  warning: { stroke: ["M8 2.500l6 11H2zM8 6.500v3.200M8 11.600v.1"] },
  back: { stroke: ["M9.800 3.500L5.300 8l4.5 4.5"] },
  next: { stroke: ["M6.200 3.500L10.700 8l-4.5 4.5"] },
  shelf: { stroke: ["M2 11.5h12M4 11.5v-6h3.500v6M9.500 11.5V7.800H12v3.700"] },
};

/**
 * @param {string} name one of PATHS
 * @param {number} [size] in CSS pixels
 */
export function icon(name, size = 16) {
  const paths = PATHS[name];
  const picture = svg("svg", { class: "icon", viewBox: "0 0 16 16", width: size, height: size, "aria-hidden": "true" });
  for (const d of paths.fill ?? []) picture.append(svg("path", { d, fill: "currentColor", "fill-rule": "evenodd" }));
  for (const d of paths.stroke ?? []) {
    picture.append(
      svg("path", { d, fill: "none", stroke: "currentColor", "stroke-width": 1.7, "stroke-linecap": "round", "stroke-linejoin": "round" }),
    );
  }
  return picture;
}
