/** Making and changing elements. Text is always set as text, never parsed. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {Node | string | number | null | undefined | false} Leaf
 * @typedef {Leaf | Leaf[] | Leaf[][]} Child lists in lists are taken apart
 * @typedef {Record<string, any>} Properties `class`, `text`, `on` (event → handler), `testid`, anything else is an attribute;
 *   true gives an empty attribute, false, null and undefined none.
 */

/**
 * One element.
 * @param {string} tag
 * @param {Properties} [properties]
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "text") element.textContent = String(value);
    else if (name === "testid") element.dataset.testid = value;
    else if (name === "on") {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, /** @type {any} */ (handler));
    } else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

/**
 * One element of an SVG picture.
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...Node} children
 */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * @param {Element} element
 * @param {(Child | Child[])[]} children
 */
function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Replaces what is in an element.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/**
 * Sets a text only where it differs, so that a quiet page causes no layout.
 * @param {Element} element
 * @param {string | number} text
 */
export function say(element, text) {
  const given = String(text);
  if (element.textContent !== given) element.textContent = given;
}

/**
 * Keeps one row an item, in the given order; rows are made once and changed afterwards, so focus and selection survive.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} key
 * @param {(item: T) => Element & {update?: (item: T) => void}} make
 */
export function keyed(parent, items, key, make) {
  const names = distinctNames(items.map(key));
  const wanted = new Set(names);
  /** @type {Map<string, any>} */
  const known = new Map();
  for (const child of /** @type {any[]} */ ([...parent.children])) {
    // first, so that no row has to be moved past one that is no longer there: moving takes the focus away
    if (wanted.has(child.dataset.key)) known.set(child.dataset.key, child);
    else child.remove();
  }
  let at = parent.firstElementChild;
  items.forEach((item, i) => {
    const row = known.get(names[i]) ?? make(item);
    row.dataset.key = names[i];
    row.update?.(item);
    if (row === at) at = row.nextElementSibling;
    else parent.insertBefore(row, at);
  });
}

/** Two of the same key are two rows: nothing promises that log lines differ. @param {string[]} keys */
function distinctNames(keys) {
  /** @type {Map<string, number>} */
  const times = new Map();
  return keys.map((own) => {
    const time = times.get(own) ?? 0;
    times.set(own, time + 1);
    return time === 0 ? own : `${own} #${time}`;
  });
}

/** @param {EventTarget | null} target whether keys belong to a field that is being typed into */
export function isTyping(target) {
  const element = /** @type {any} */ (target);
  return Boolean(element?.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element?.tagName ?? ""));
}
