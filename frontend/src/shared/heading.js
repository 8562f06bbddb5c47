/** What the page that is shown says it is, and the window's title for it. */
import { signal } from '@preact/signals';

export const NAME = 'POCOVIDScreen';

/** '' before the page has said so. The screening page has its recordings instead. */
export const heading = signal('');

/** @param {string} words */
export const named = (words) => (words ? `${words} · ${NAME}` : NAME);
