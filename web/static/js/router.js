/** Which view an address shows; the page is never loaded anew. */

import { match } from "./routes.js";

/**
 * @typedef {{title: string, dispose: () => void, keys?: Record<string, () => void>}} View
 * @typedef {(main: HTMLElement, parameters: Record<string, string>) => View} Make
 */

export class Router {
  /** @type {View | null} */
  view = null;

  /**
   * @param {[string, Make][]} routes
   * @param {HTMLElement} main
   * @param {Make} missing what is shown for an address that is none
   * @param {(view: View) => void} shown
   */
  constructor(routes, main, missing, shown) {
    this.routes = routes;
    this.main = main;
    this.missing = missing;
    this.shown = shown;
  }

  start() {
    addEventListener("popstate", () => this.#show(false));
    document.addEventListener("click", (event) => this.#clicked(event));
    this.#show(false);
  }

  /** @param {string} address a path of this server */
  go(address) {
    if (address !== location.pathname + location.search) history.pushState(null, "", address);
    scrollTo(0, 0);
    this.#show(true);
  }

  /** @param {MouseEvent} event a link to one of the views is followed in place */
  #clicked(event) {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = /** @type {Element} */ (event.target).closest?.("a[href]");
    const address = link?.getAttribute("href") ?? "";
    if (!address.startsWith("/") || link?.hasAttribute("download") || !match(this.routes, address.split(/[?#]/)[0])) return;
    event.preventDefault();
    this.go(address);
  }

  /** @param {boolean} moveFocus to the heading, where somebody went on by hand */
  #show(moveFocus) {
    this.view?.dispose();
    this.main.replaceChildren();
    const route = match(this.routes, location.pathname);
    this.view = route ? route.found(this.main, route.parameters) : this.missing(this.main, {});
    document.title = `${this.view.title} · sensor-streaming`;
    for (const link of document.querySelectorAll("[data-nav]")) {
      const path = link.getAttribute("data-nav") ?? "";
      const here = path === "/" ? /^\/($|sensors\/)/.test(location.pathname) : location.pathname.startsWith(path);
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (moveFocus) /** @type {HTMLElement | null} */ (this.main.querySelector("h1"))?.focus({ preventScroll: true });
    this.shown(this.view);
  }
}
