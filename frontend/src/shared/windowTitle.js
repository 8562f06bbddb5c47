/** What the page that is shown says it is, and the window's title for it. */
import { signal } from '@preact/signals';

export const PRODUCT = 'POCOVIDScreen';

/** '' before the page has said so. The screening page has its recordings instead. */
export const heading = signal('');

/** @param {string} words */
export const windowTitle = (words) => (words ? `${words} · ${PRODUCT}` : PRODUCT);
