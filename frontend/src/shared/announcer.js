/** What a screen reader is told when something happens away from the focus. */
import { signal } from '@preact/signals';

export const announcement = signal('');

/** @param {string} sentence */
export function announce(sentence) {
  // A sentence said twice in a row would be no change, and so not be read out.
  announcement.value = sentence === announcement.value ? `${sentence}\u00a0` : sentence;
}
