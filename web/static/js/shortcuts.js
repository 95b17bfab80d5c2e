/** Keys: those of the view that is shown, and those that work everywhere. */

import { ask } from "./dialog.js";
import { h, isTyping } from "./dom.js";

/** @type {[string, string[], string][]} */
const HELP = [
  ["Everywhere", ["?"], "These shortcuts"],
  ["Everywhere", ["g", "f"], "Go to the fleet"],
  ["Everywhere", ["g", "a"], "Go to the alarms"],
  ["Everywhere", ["g", "c"], "Go to the commands"],
  ["Everywhere", ["/"], "Search; Esc leaves the field"],
  ["Alarms", ["j", "k"], "Next, previous alarm (arrows, too)"],
  ["Alarms", ["a"], "Acknowledge"],
  ["Sensor", ["Space"], "Pause, resume the waveform"],
  ["Map", ["← ↑ ↓ →"], "Move"],
  ["Map", ["+", "−", "0"], "Zoom in, out, show all"],
  ["Map", ["n", "p", "Enter"], "Next, previous, open"],
];

const CHORD_MS = 1_200;

export async function showShortcuts() {
  const groups = [...new Set(HELP.map(([group]) => group))];
  await ask({
    title: "Keyboard shortcuts",
    body: groups.map((group) =>
      h(
        "section",
        {},
        h("h3", { text: group }),
        h("dl", { class: "shortcuts" }, HELP.filter(([own]) => own === group).map(([, keys, text]) => [h("dt", {}, keys.map((key) => h("kbd", { text: key }))), h("dd", { text })])),
      ),
    ),
    confirm: "",
    closeOnly: true,
  });
}

/** @param {(address: string) => void} go @param {() => import("./router.js").View | null} view */
export function listenToKeys(go, view) {
  let going = 0; // when g was pressed
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (document.querySelector("dialog[open]")) return;
    const target = /** @type {HTMLElement | null} */ (event.target);
    if (isTyping(target)) {
      if (event.key === "Escape") target?.blur(); // so that keys work again
      return;
    }
    if ((event.key === " " || event.key === "Enter") && target?.closest?.("button, a")) return;
    const address = { f: "/", a: "/alarms", c: "/commands" }[event.key];
    const isChord = performance.now() - going < CHORD_MS;
    going = 0;
    let action = view()?.keys?.[event.key];
    if (isChord && address) action = () => go(address);
    else if (event.key === "g") {
      going = performance.now();
      return;
    } else if (event.key === "?") action = () => void showShortcuts();
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
