/** The page that the address names. */
import { computed } from '@preact/signals';
import { address, match, parse } from '../shared/address.js';
import { PAGES, UNKNOWN } from './pages.js';

/** @typedef {{page: import('./pages.js').Page} & import('../shared/address.js').PageProps} Place */

export const place = computed(() => placeOf(address.value));

/** @param {string} text `#/…` @returns {Place} */
export const placeIn = (text) => placeOf(parse(text));

/**
 * @param {import('../shared/address.js').Address} address
 * @returns {Place}
 */
function placeOf({ path, query }) {
  for (const page of PAGES) {
    const id = match(page.path, path);
    if (id !== null) return { page, id, query };
  }
  return { page: UNKNOWN, id: '', query };
}
