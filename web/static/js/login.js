/** The login form: sends it without leaving the page, and says what was wrong. */

import { h } from "./dom.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("login"));
const message = /** @type {HTMLElement} */ (document.getElementById("message"));
const next = /** @type {HTMLInputElement} */ (document.getElementById("next"));

/** @param {string | null} path @returns {string} only a path of this server: nobody is sent elsewhere after logging in */
function own(path) {
  if (!path || !path.startsWith("/") || path.startsWith("//") || path.includes("\\")) return "/";
  return path;
}

/** @param {string} text */
function complain(text) {
  message.textContent = text;
  message.hidden = false;
}

/** @param {Response} response */
function sentence(response) {
  if (response.status === 401) return "Name or password is wrong.";
  if (response.status === 429) {
    const waitS = Number(response.headers.get("Retry-After"));
    return `Too many attempts. Try again ${waitS ? `in ${waitS} s` : "in a minute"}.`;
  }
  if (response.status === 403) return "The server refused this page's origin. Open the address that it is published under.";
  return `The server answered ${response.status}. Try again; if it stays, look at its log.`;
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
  button.disabled = true;
  try {
    const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
    const response = await fetch("/login", { method: "POST", body, credentials: "same-origin", redirect: "manual" });
    if (response.type === "opaqueredirect" || response.ok) {
      location.assign(next.value);
      return;
    }
    complain(sentence(response));
    const password = /** @type {HTMLInputElement} */ (form.elements.namedItem("password"));
    password.value = "";
    password.focus();
  } catch {
    complain("The server cannot be reached. Check the network, and try again.");
  }
  button.disabled = false;
}

const query = new URLSearchParams(location.search);
next.value = own(query.get("next"));
if (query.has("error")) complain("Name or password is wrong.");
else if (next.value !== "/") form.prepend(h("p", { class: "muted", text: "Log in to go on to the page that you asked for." }));
form.addEventListener("submit", submit);
