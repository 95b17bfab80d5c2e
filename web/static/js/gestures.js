/** Moving a map by pointer, fingers, wheel and keys. */

const WHEEL = 0.0016; // zoom a pixel of wheel
const TAP_PX = 5;

/**
 * @typedef {object} Target
 * @property {(dx: number, dy: number) => void} pan pixels
 * @property {(factor: number, x?: number, y?: number) => void} zoom
 * @property {(x: number, y: number) => void} tap
 * @property {(x: number, y: number) => void} hover
 * @property {() => void} leave
 * @property {Record<string, () => void>} keys by KeyboardEvent.key
 */

/**
 * @param {HTMLElement} element
 * @param {Target} target
 */
export function gestures(element, target) {
  /** @type {Map<number, {x: number, y: number}>} pointers that are down */
  const down = new Map();
  let moved = 0;

  const place = (/** @type {MouseEvent} */ event) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const spread = () => {
    const [a, b] = [...down.values()];
    return { distance: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (down.size === 0) moved = 0;
    down.set(event.pointerId, place(event));
    element.setPointerCapture(event.pointerId);
  });

  element.addEventListener("pointermove", (event) => {
    const to = place(event);
    const from = down.get(event.pointerId);
    if (from === undefined) {
      target.hover(to.x, to.y);
      return;
    }
    if (down.size === 1) {
      moved += Math.hypot(to.x - from.x, to.y - from.y);
      down.set(event.pointerId, to);
      if (moved > TAP_PX) target.pan(to.x - from.x, to.y - from.y);
      return;
    }
    moved = Infinity;
    const before = spread();
    down.set(event.pointerId, to);
    const after = spread();
    target.pan(after.x - before.x, after.y - before.y);
    if (before.distance > 0) target.zoom(after.distance / before.distance, after.x, after.y);
  });

  element.addEventListener("pointerup", (event) => {
    const was = down.delete(event.pointerId);
    if (was && moved <= TAP_PX) {
      const { x, y } = place(event);
      target.tap(x, y);
    }
  });
  element.addEventListener("pointercancel", (event) => down.delete(event.pointerId));
  element.addEventListener("pointerleave", () => target.leave());

  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
      const { x, y } = place(event);
      target.zoom(Math.exp(-Math.max(-200, Math.min(200, pixels)) * WHEEL * (event.ctrlKey ? 4 : 1)), x, y);
    },
    { passive: false },
  );

  element.addEventListener("keydown", (event) => {
    const action = event.altKey || event.ctrlKey || event.metaKey ? undefined : target.keys[event.key];
    if (action === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });
}
