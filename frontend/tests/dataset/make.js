/** Releases of the dataset as the service sends them, for tests to vary. */

/**
 * @typedef {import('../../src/api/dataset.js').Summary} Summary
 * @typedef {import('../../src/api/dataset.js').Release} Release
 * @typedef {import('../../src/api/dataset.js').Item} Item
 */

const NONE = { videos: 0, images: 0, frames: 0 };

/** @type {Summary} */
export const SUMMARY = {
  recordings: 20,
  frames: 412,
  patients: 14,
  left_out: 0,
  classes: [
    { label: 'covid19', convex: { videos: 6, images: 1, frames: 150 }, linear: NONE },
    { label: 'pneumonia', convex: { videos: 5, images: 0, frames: 120 }, linear: NONE },
    { label: 'healthy', convex: { videos: 7, images: 0, frames: 130 }, linear: NONE },
    { label: 'viral', convex: NONE, linear: { videos: 1, images: 0, frames: 12 } },
    { label: 'other', convex: NONE, linear: NONE },
  ],
  licences: { 'CC BY 4.0': 12, 'CC BY-NC 4.0': 8 },
};

/** @type {import('../../src/api/dataset.js').Difference} */
export const DIFF = {
  since: 1,
  added: ['a', 'b'],
  withdrawn: ['c'],
  relabelled: [{ id: '0123456789', before: 'covid19', after: 'healthy' }],
  corrected: [],
};

/** @param {Partial<Release>} [changes] @returns {Release} */
export const makeRelease = (changes) => ({
  number: 2,
  state: 'done',
  created_at: '2026-03-01T10:00:00Z',
  finished_at: '2026-03-01T10:05:00Z',
  note: 'More healthy lungs',
  error: null,
  progress: { done: 20, total: 20 },
  summary: SUMMARY,
  archive_bytes: 5_400_000_000,
  diff: DIFF,
  files: [
    { name: 'dataset_metadata.csv', bytes: 12_000, sha256: 'a' },
    { name: 'croissant.json', bytes: 9_000, sha256: 'b' },
  ],
  withdrawn: [],
  archive_url: '/api/v1/releases/2/archive.zip',
  csv_url: '/api/v1/releases/2/dataset_metadata.csv',
  croissant_url: '/api/v1/releases/2/croissant.json',
  ...changes,
});

/** @param {Partial<Item>} [changes] @returns {Item} */
export const makeItem = (changes) => ({
  id: 'item-1',
  label: 'covid19',
  probe: 'convex',
  kind: 'video',
  licence: 'CC BY 4.0',
  licence_url: 'https://creativecommons.org/licenses/by/4.0/',
  attribution: 'Northumbria',
  patient: 4,
  fold: 2,
  left_out: false,
  frames: 9,
  comment: 'Bilateral B-lines',
  findings: { b_lines: true, effusion: false },
  withdrawn: false,
  frame_url: '/api/v1/releases/2/items/item-1/frames/{n}.jpg',
  ...changes,
});
