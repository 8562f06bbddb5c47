/** The recordings on the page, in the order in which they were added, and the selected one. */
import { computed, signal } from '@preact/signals';

/**
 * @typedef {import('../api/screenings.js').Recording} Recording
 * @typedef {import('../api/screenings.js').Screening} Screening
 * @typedef {import('../api/screenings.js').Square} Square
 *
 * @typedef {'waiting' | 'uploading' | 'refused' | 'interrupted' | 'restoring' | 'ready'
 *   | 'starting' | 'screening' | 'done' | 'failed' | 'gone'} Stage
 *   where a recording stands on its way; `refused`: the upload was not taken; `interrupted`: the
 *   page was reloaded before the upload was complete; `gone`: deleted on the server
 *
 * @typedef {object} Item one recording on the page
 * @property {string} key
 * @property {string} name the file's name on this computer; never sent anywhere else than the upload
 * @property {number} bytes
 * @property {boolean} uploadedHere uploaded from this page, rather than opened by a link
 * @property {Stage} stage
 * @property {number} sent bytes that have left so far
 * @property {number | null} secondsLeft of the upload
 * @property {number | null} resumesAt when a request that the service put off is sent again (epoch ms)
 * @property {import('../api/problem.js').Problem | null} problem
 * @property {string | null} recordingId known before the recording itself is, after a reload
 * @property {Recording | null} recording
 * @property {string | null} screeningId likewise
 * @property {Square | null} square as the person has set it
 * @property {import('../api/screenings.js').Probe} probe that it is screened as
 * @property {Screening | null} screening the latest
 * @property {boolean} wanted it is to be screened as soon as it is ready
 * @property {boolean} adjusting the square is being set anew although there is an answer
 * @property {boolean} offline news about the screening do not arrive at the moment
 */

export const items = signal(/** @type {Item[]} */ ([]));

export const selectedKey = signal(/** @type {string | null} */ (null));

export const selected = computed(() => find(selectedKey.value));

/** @type {Stage[]} */
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
    probe: 'convex',
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
