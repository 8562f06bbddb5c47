/** The address after `#`: the page it names, and going from one to the next. */
import { computed, signal } from '@preact/signals';
import { PAGES, UNKNOWN } from './pages.js';

/**
 * @typedef {object} Place
 * @property {import('./pages.js').Page} page
 * @property {string} id
 * @property {URLSearchParams} query
 * @property {string} path after `#`, as in `/dataset/3`, without the query
 */

const hash = signal(location.hash);

export const place = computed(() => placeIn(hash.value));

let arriving = false;

/**
 * @param {string} address `#/…`
 * @returns {Place}
 */
export function placeIn(address) {
  const [path, search = ''] = address.replace(/^#\/?/, '').split('?', 2);
  const query = new URLSearchParams(search);
  const parts = path.split('/');
  for (const page of PAGES) {
    const id = match(page.path.split('/'), parts);
    if (id !== null) return { page, id, query, path: `/${path}` };
  }
  return { page: UNKNOWN, id: '', query, path: `/${path}` };
}

/**
 * @param {string[]} pattern
 * @param {string[]} parts
 * @returns {string | null} what `:id` stands for, or ''; null: another address
 */
function match(pattern, parts) {
  if (pattern.length !== parts.length) return null;
  let id = '';
  for (const [n, part] of pattern.entries()) {
    if (part === ':id' && /^[\w.-]+$/.test(parts[n])) id = parts[n];
    else if (part !== parts[n]) return null;
  }
  return id;
}

/** Begin to follow the address. */
export function followAddress() {
  readAddress();
  window.addEventListener('hashchange', () => {
    const before = place.peek();
    readAddress();
    const { page, id } = place.peek();
    arriving ||= page !== before.page || id !== before.id;
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
export function rename(path) {
  if (`#${path}` === (location.hash || '#/')) return;
  history.replaceState(null, '', `#${path}`);
  readAddress();
}

/** Have the heading of what is shown next take the focus, as after a change of the address. */
export function arrive() {
  arriving = true;
}

/** Whether the page was come to from another one, and nobody has asked yet: focus its heading. */
export function takeArrival() {
  const was = arriving;
  arriving = false;
  return was;
}
