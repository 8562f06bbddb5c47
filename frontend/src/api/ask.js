/** One request to the service and its answer; only the modules of this folder use the network. */
import { noAnswer, problemFrom } from './problem.js';

export const ROOT = '/api/v1';

let onSignedOut = () => {};

/**
 * Have somebody told when the service does not know who asks (any more).
 * @param {() => void} listener
 */
export function hearSignedOut(listener) {
  onSignedOut = listener;
}

/** The service does not know who asks, wherever that came out. */
export const tellSignedOut = () => onSignedOut();

/** The secret that a page of ours can read and send back, and no other site's page can; '' if none. */
export const csrfToken = () => /(?:^|; )pocovid_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? '';

/** @returns {Record<string, string>} what an unsafe request carries besides its cookie */
export function csrfHeaders() {
  const token = csrfToken();
  return token ? { 'X-CSRF-Token': decodeURIComponent(token) } : {};
}

const SAFE = ['GET', 'HEAD'];

/**
 * @param {string} path below the root of the API
 * @param {RequestInit} [options]
 * @returns {Promise<any>} the JSON of the answer; undefined when it has no body
 * @throws {import('./problem.js').Problem}
 */
export async function ask(path, options = {}) {
  const safe = SAFE.includes(options.method ?? 'GET');
  const headers = { ...(safe ? {} : csrfHeaders()), ...options.headers };
  let response;
  let body;
  try {
    response = await fetch(ROOT + path, { ...options, headers });
    body = await response.text();
  } catch {
    throw noAnswer();
  }
  if (!response.ok) {
    if (response.status === 401) tellSignedOut();
    throw problemFrom(response.status, body, response.headers.get('Retry-After'));
  }
  return body ? JSON.parse(body) : undefined;
}

/**
 * A request with a JSON body.
 * @param {'POST' | 'PATCH' | 'PUT'} method
 * @param {string} path
 * @param {unknown} [body]
 */
export function send(method, path, body = {}) {
  return ask(path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** @param {string} path */
export const drop = (path) => ask(path, { method: 'DELETE' });

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
