/** The recordings on the page, in the order in which they were added, and the selected one. */
import { computed, signal } from '@preact/signals';

/** @typedef {import('../api/shapes.js').Item} Item */

export const items = signal(/** @type {Item[]} */ ([]));

export const selectedKey = signal(/** @type {string | null} */ (null));

export const selected = computed(() => find(selectedKey.value));

/** @type {import('../api/shapes.js').Stage[]} */
const BEFORE = ['waiting', 'uploading', 'ready'];

/** Recordings that nobody has asked to screen yet. */
export const unscreened = computed(() =>
  items.value.filter(({ stage, wanted }) => !wanted && BEFORE.includes(stage)),
);

/** Recordings that are screened as soon as they are ready, one after the other. */
export const wanted = computed(() =>
  items.value.filter((item) => item.wanted && BEFORE.includes(item.stage)),
);

/** The recording whose delayed request is sent again first. */
export const nextRetry = computed(() =>
  items.value.reduce(
    (first, item) =>
      item.resumesAt !== null && (first?.resumesAt ?? Infinity) > item.resumesAt ? item : first,
    /** @type {Item | null} */ (null),
  ),
);

let made = 0;

/**
 * @param {Partial<Item> & Pick<Item, 'name' | 'stage'>} facts
 * @returns {Item}
 */
export function makeItem(facts) {
  made += 1;
  return {
    key: `item-${made}`,
    bytes: 0,
    uploadedHere: true,
    sent: 0,
    secondsLeft: null,
    resumesAt: null,
    problem: null,
    recordingId: null,
    recording: null,
    screeningId: null,
    square: null,
    screening: null,
    wanted: false,
    adjusting: false,
    offline: false,
    ...facts,
  };
}

/** @param {string | null} key @returns {Item | null} */
export function find(key) {
  return items.value.find((item) => item.key === key) ?? null;
}

/**
 * Insert recordings, at the end unless a position is given.
 * @param {Item[]} added
 * @param {number} [at]
 */
export function insertItems(added, at = items.value.length) {
  items.value = items.value.toSpliced(at, 0, ...added);
}

/**
 * @param {string} key
 * @param {Partial<Item>} changes
 */
export function patch(key, changes) {
  items.value = items.value.map((item) => (item.key === key ? { ...item, ...changes } : item));
}

/**
 * Remove a recording from the page and select its neighbour.
 * @param {string} key
 * @returns {number} the place it had, -1 when it was not there
 */
export function removeItem(key) {
  const at = items.value.findIndex((item) => item.key === key);
  if (at < 0) return at;
  items.value = items.value.toSpliced(at, 1);
  if (selectedKey.value === key) {
    selectedKey.value = (items.value[at] ?? items.value[at - 1])?.key ?? null;
  }
  return at;
}

/** @param {string | null} key */
export function select(key) {
  selectedKey.value = key;
}

/**
 * Select the next (+1) or the previous (-1) recording.
 * @param {1 | -1} step
 */
export function selectBeside(step) {
  const at = items.value.findIndex((item) => item.key === selectedKey.value);
  const next = items.value[at + step];
  if (next) select(next.key);
}
