/** Submissions, recordings and files as the service sends them, for tests to vary. */
import { NOTHING } from '../../src/contribute/fields.js';

/**
 * @typedef {import('../../src/api/submissionShapes.js').Submission} Submission
 * @typedef {import('../../src/api/submissionShapes.js').Contribution} Contribution
 * @typedef {import('../../src/api/submissionShapes.js').SentFile} SentFile
 * @typedef {import('../../src/api/submissionShapes.js').Vocabulary} Vocabulary
 */

/** @param {Partial<Submission>} [changes] @returns {Submission} */
export const makeSubmission = (changes) => ({
  id: 'sub-1',
  title: 'Ward 3',
  state: 'draft',
  defaults: NOTHING,
  contributions: 0,
  states: {},
  files: {},
  created_at: '2026-01-05T10:00:00Z',
  consent_at: null,
  submitted_at: null,
  ...changes,
});

/** @param {Partial<Contribution>} [changes] @returns {Contribution} */
export const makeContribution = (changes) => ({
  ...NOTHING,
  id: 'con-1',
  state: 'draft',
  file_name: 'day1/a.mp4',
  kind: 'video',
  format: 'mp4',
  width: 640,
  height: 480,
  duration_s: 6,
  sampled_frames: 18,
  bytes: 2_000_000,
  preview_url: '/api/v1/contributions/con-1/preview.jpg',
  fields_from: [],
  reviewer_words: [],
  answer: '',
  submitted_at: null,
  decided_at: null,
  ...changes,
});

/** @param {Partial<SentFile>} [changes] @returns {SentFile} */
export const makeFile = (changes) => ({
  id: 'file-1',
  file_name: 'a.mp4',
  bytes: 1000,
  received: 1000,
  state: 'done',
  kind: 'recording',
  done: 0,
  total: 0,
  error: null,
  report: [],
  parent_id: null,
  ...changes,
});

/** @param {...string} names */
const words = (...names) =>
  names.map((name) => ({ key: name.toLowerCase().replaceAll(/[ -]/g, '_'), name }));

/** @type {Vocabulary} */
export const WORDS = {
  labels: [{ key: 'covid19', name: 'COVID-19' }, ...words('Pneumonia', 'Healthy', 'Other')],
  probes: words('Convex', 'Linear'),
  licences: [
    { key: 'CC BY 4.0', name: 'CC BY 4.0: any use, with your name' },
    { key: 'CC0 1.0', name: 'CC0 1.0: any use' },
  ],
  age_bands: [
    { key: '18-39', name: '18-39' },
    { key: '40-59', name: '40-59' },
  ],
  sexes: words('Female', 'Male'),
  blue_points: words('Right upper', 'Left upper'),
  findings: words('B-lines', 'Consolidation'),
  symptoms: words('Fever', 'Cough'),
  reasons: words('Poor quality'),
  states: words('Draft', 'Pending', 'Changes requested', 'Approved', 'Rejected', 'Withdrawn'),
  required: ['label', 'probe', 'licence', 'source'],
  manifest_columns: [
    { name: 'file_name', also: [], about: 'The file.' },
    { name: 'label', also: [], about: 'The class.' },
  ],
  limits: { files: 2000, file_bytes: 200_000_000, archive_bytes: 8_000_000_000 },
  consent: 'I may share these recordings.',
};
