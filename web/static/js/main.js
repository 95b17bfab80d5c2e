/** Begins here: who is logged in, the bar, and the view of the address. */

import { alarmsView } from "./alarms.js";
import { get, toLogin } from "./api.js";
import { commandsView } from "./commands.js";
import { fill, h, say } from "./dom.js";
import { fleetView } from "./fleet.js";
import { clock, integer, utcOffset } from "./format.js";
import { icon } from "./icons.js";
import { poll } from "./poll.js";
import { Router } from "./router.js";
import { sensorView } from "./sensor.js";
import { openSession, serverNow, session } from "./session.js";
import { listenToKeys, showShortcuts } from "./shortcuts.js";
import { themeToggle } from "./theme.js";
import { announce } from "./toasts.js";

const BADGE_MS = 2_000;

const main = /** @type {HTMLElement} */ (document.getElementById("main"));

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

async function logout() {
  await fetch("/logout", { method: "POST", credentials: "same-origin", redirect: "manual" }).catch(() => {});
  location.assign("/login");
}

function showBar() {
  const help = h("button", { class: "button quiet icon", type: "button", title: "Keyboard shortcuts (?)", "aria-label": "Keyboard shortcuts", on: { click: () => void showShortcuts() } }, icon("help"));
  const leave = h("button", { class: "button quiet icon", type: "button", title: "Log out", "aria-label": "Log out", testid: "logout", on: { click: () => void logout() } }, icon("logout"));
  fill(part("tools"), help, themeToggle(), leave);
  fill(part("who"), h("span", { class: "name", text: session.name }), h("span", { class: "tag", text: session.role, title: session.role === "viewer" ? "A viewer looks, and changes nothing" : "An operator may acknowledge and command" }));
  const time = h("b");
  fill(part("clock"), time, ` ${utcOffset()}`);
  const tick = () => {
    if (!document.hidden) say(time, clock(serverNow()));
  };
  tick();
  setInterval(tick, 1000);
}

function watchAlarms() {
  const badge = part("alarm-badge");
  let known = -1;
  poll(async (signal) => {
    const { alarms } = await get("/api/fleet", { limit: 1 }, signal);
    badge.hidden = alarms.unacknowledged === 0;
    say(badge, integer(alarms.unacknowledged));
    badge.setAttribute("aria-label", `${alarms.unacknowledged} unacknowledged`);
    if (known >= 0 && alarms.unacknowledged > known) announce(`${alarms.unacknowledged} unacknowledged alarms`);
    known = alarms.unacknowledged;
  }, BADGE_MS);
}

/** @param {HTMLElement} host @returns {import("./router.js").View} */
function missingView(host) {
  host.append(h("div", { class: "failure" }, h("h1", { tabindex: "-1", text: "There is no such page" }), h("p", { text: "The address may be mistyped." }), h("a", { class: "button", href: "/", text: "To the fleet" })));
  return { title: "No such page", dispose: () => {} };
}

async function begin() {
  try {
    await openSession();
  } catch (error) {
    const again = h("button", { class: "button primary", type: "button", text: "Try again", on: { click: () => location.reload() } });
    fill(main, h("div", { class: "failure" }, h("h1", { text: "The page could not begin" }), h("p", { text: /** @type {Error} */ (error).message }), again));
    return;
  }
  showBar();
  const router = new Router([["/", fleetView], ["/sensors/{serial}", sensorView], ["/alarms", alarmsView], ["/commands", commandsView]], main, missingView, (view) => announce(view.title));
  addEventListener("navigate", (event) => router.go(/** @type {CustomEvent} */ (event).detail));
  // a page that comes back from the browser's memory after logging out shows nothing of before
  addEventListener("pageshow", (event) => event.persisted && get("/api/session").catch(toLogin));
  listenToKeys((address) => router.go(address), () => router.view);
  router.start();
  watchAlarms();
}

void begin();
