/** The address after `#`: reading it, going to another one, and the focus after that. */
import { computed, signal } from '@preact/signals';

/**
 * @typedef {object} PageProps what a page is given
 * @property {string} id the part of the address that `:id` stands for; '' where there is none
 * @property {URLSearchParams} query what follows `?` in the address
 */

/**
 * @typedef {object} Address
 * @property {string} path after `#`, as in `/dataset/3`, without the query
 * @property {URLSearchParams} query
 */

const hash = signal(location.hash);

export const address = computed(() => parse(hash.value));

let arriving = false;

/**
 * @param {string} text `#/…`
 * @returns {Address}
 */
export function parse(text) {
  const [path, search = ''] = text.replace(/^#\/?/, '').split('?', 2);
  return { path: `/${path}`, query: new URLSearchParams(search) };
}

/**
 * @param {string} pattern as in `dataset/:id`
 * @param {string} path as in `/dataset/3`
 * @returns {string | null} what `:id` stands for, or ''; null: another address
 */
export function match(pattern, path) {
  const names = pattern.split('/');
  const parts = path.slice(1).split('/');
  if (names.length !== parts.length) return null;
  let id = '';
  for (const [n, name] of names.entries()) {
    if (name === ':id' && /^[\w.-]+$/.test(parts[n])) id = parts[n];
    else if (name !== parts[n]) return null;
  }
  return id;
}

/** Begin to follow the address. */
export function followAddress() {
  readAddress();
  window.addEventListener('hashchange', () => {
    const before = address.peek().path;
    readAddress();
    arriving ||= address.peek().path !== before;
  });
}

/** Take the address as it is now, where it was set without an event. */
export function readAddress() {
  hash.value = location.hash;
}

/**
 * Go to a page, so that the browser's back button leads here again.
 * @param {string} path as in `/contribute`
 */
export function go(path) {
  location.hash = path;
}

/**
 * Another address for what is shown already.
 * @param {string} path as in `/screenings/…`
 */
export function replaceAddress(path) {
  if (`#${path}` === (location.hash || '#/')) return;
  history.replaceState(null, '', `#${path}`);
  readAddress();
}

/** Have the heading of what is shown next take the focus, as after a change of the address. */
export function requestHeadingFocus() {
  arriving = true;
}

/** Whether the page was come to from another one, and nobody has asked yet: focus its heading. */
export function takeHeadingFocus() {
  const was = arriving;
  arriving = false;
  return was;
}
