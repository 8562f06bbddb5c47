/** Requests to the service; only the modules of this folder use the network. */
import { noAnswer, problemFrom } from './problem.js';

export const ROOT = '/api/v1';

let signedOutListener = () => {};

/**
 * Set what is called when the service answers 401: nobody is signed in, or not any more.
 * @param {() => void} listener
 */
export function onSignedOut(listener) {
  signedOutListener = listener;
}

/** Report a 401 that came by another way than `request`. */
export const notifySignedOut = () => signedOutListener();

/** The CSRF token, which only pages of this site can read and send back; '' without a session. */
export const csrfToken = () => /(?:^|; )pocovid_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? '';

/** @returns {Record<string, string>} what a request that changes something carries besides its cookie */
export function csrfHeaders() {
  const token = csrfToken();
  return token ? { 'X-CSRF-Token': decodeURIComponent(token) } : {};
}

const SAFE = ['GET', 'HEAD'];

/**
 * @template T the schema of the answer, as the caller declares it
 * @param {string} path below the root of the API
 * @param {RequestInit} [options]
 * @returns {Promise<T>} the JSON of the answer; undefined when it has no body
 * @throws {import('./problem.js').Problem}
 */
export async function request(path, options = {}) {
  const body = await bodyOf(path, options, (response) => response.text());
  return /** @type {T} */ (body ? JSON.parse(body) : undefined);
}

/**
 * A picture or another file.
 * @param {string} path below the root of the API
 * @returns {Promise<Blob>}
 * @throws {import('./problem.js').Problem}
 */
export const requestFile = (path) => bodyOf(path, {}, (response) => response.blob());

/**
 * @template Body
 * @param {string} path
 * @param {RequestInit} options
 * @param {(response: Response) => Promise<Body>} read of an answer that is no problem
 * @returns {Promise<Body>}
 */
async function bodyOf(path, options, read) {
  const safe = SAFE.includes(options.method ?? 'GET');
  const headers = { ...(safe ? {} : csrfHeaders()), ...options.headers };
  let response;
  let problem;
  try {
    response = await fetch(ROOT + path, { ...options, headers });
    if (response.ok) return await read(response);
    problem = await response.text();
  } catch {
    throw noAnswer();
  }
  if (response.status === 401) notifySignedOut();
  throw problemFrom(response.status, problem, response.headers.get('Retry-After'));
}

/**
 * A request with a JSON body.
 * @template T
 * @param {'POST' | 'PATCH' | 'PUT'} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<T>}
 */
export function sendJson(method, path, body = {}) {
  return request(path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/**
 * `?a=1&b=2` of what is given; nothing for empty values.
 * @param {Record<string, string | number | boolean | null | undefined>} values
 */
export function query(values) {
  const entries = Object.entries(values).filter(
    ([, value]) => value !== null && value !== undefined && value !== '',
  );
  const text = new URLSearchParams(
    entries.map(([name, value]) => [name, String(value)]),
  ).toString();
  return text && `?${text}`;
}
