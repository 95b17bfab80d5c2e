/** The server's JSON API: requests with a time limit, errors as sentences, and the end of a session. */

import { LineSplitter } from "./lines.js";

const TIME_LIMIT_MS = 12_000;
const STREAM_LIMIT_MS = 60_000;

/** What the server, or the way to it, said no with. */
export class ApiError extends Error {
  /** @param {string} message a sentence @param {number} status 0: the server was not reached @param {number} [retryAfterS] */
  constructor(message, status, retryAfterS = 0) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

let csrfToken = "";
let user = "";

/** @param {string} token which every POST carries @param {string} name whose it is */
export function useToken(token, name) {
  csrfToken = token;
  user = name;
}

/** Leaves for the login page, and comes back here afterwards. */
export function toLogin() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/**
 * @param {string} path
 * @param {RequestInit} options
 * @param {AbortSignal} [signal]
 * @param {number} [limitMs]
 */
async function request(path, options, signal, limitMs = TIME_LIMIT_MS) {
  const limit = AbortSignal.timeout(limitMs);
  let response;
  try {
    response = await fetch(path, {
      ...options,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("The server cannot be reached. Check the network; this page tries again by itself.", 0);
  }
  if (response.ok) return response;
  if (response.status === 401) {
    toLogin();
    throw new ApiError("The session has ended: log in again.", 401);
  }
  throw await refusal(response);
}

/** @param {Response} response */
async function refusal(response) {
  let sentence = "";
  try {
    sentence = String((await response.json()).error ?? "");
  } catch {
    // a proxy's page instead of the server's answer
  }
  const waitS = Number(response.headers.get("Retry-After")) || 0;
  if (response.status === 429 && !sentence) sentence = "Too many requests.";
  if (response.status === 429 && waitS) sentence += ` Try again in ${waitS} s.`;
  return new ApiError(sentence || `The server answered ${response.status}. Try again; if it stays, look at its log.`, response.status, waitS);
}

/**
 * @param {string} path
 * @param {Record<string, string | number | null | undefined>} [query]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function get(path, query = {}, signal) {
  const chosen = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const text = new URLSearchParams(chosen.map(([name, value]) => [name, String(value)])).toString();
  const response = await request(text ? `${path}?${text}` : path, { headers: { Accept: "application/json" } }, signal);
  return response.json();
}

/**
 * @param {string} path
 * @param {unknown} body
 * @param {number} [limitMs]
 * @returns {Promise<Response>}
 */
async function posting(path, body, limitMs) {
  const sent = csrfToken;
  const options = () => ({
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrfToken },
    body: JSON.stringify(body),
  });
  try {
    return await request(path, options(), undefined, limitMs);
  } catch (error) {
    // the same user has logged in anew in another tab: the session has another token
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    const session = await get("/api/session");
    if (session.csrf_token === sent || session.name !== user) throw error;
    csrfToken = session.csrf_token;
    return request(path, options(), undefined, limitMs);
  }
}

/**
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<any>}
 */
export async function post(path, body) {
  return (await posting(path, body)).json();
}

/**
 * Posts, and gives each line of the answer as it comes.
 * @param {string} path
 * @param {unknown} body
 * @returns {AsyncGenerator<any, void, void>}
 */
export async function* postLines(path, body) {
  const response = await posting(path, body, STREAM_LIMIT_MS);
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const lines = new LineSplitter();
  for (;;) {
    const { value, done } = await reader.read();
    for (const line of lines.push(done ? "\n" : value)) yield JSON.parse(line);
    if (done) return;
  }
}
