/** Submissions, recordings and files as the service sends them, for tests to vary. */
import { NOTHING } from '../../src/contribute/fields.js';

/**
 * @typedef {import('../../src/api/submissions.js').Submission} Submission
 * @typedef {import('../../src/api/submissions.js').Contribution} Contribution
 * @typedef {import('../../src/api/submissions.js').SentFile} SentFile
 * @typedef {import('../../src/api/submissions.js').Vocabulary} Vocabulary
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
  touched_at: '2026-01-05T10:00:00Z',
  consent_at: null,
  submitted_at: null,
  ...changes,
});

/** @param {Partial<Contribution>} [changes] @returns {Contribution} */
export const makeContribution = (changes) => ({
  ...NOTHING,
  id: 'con-1',
  submission_id: 'sub-1',
  state: 'draft',
  file_name: 'day1/a.mp4',
  kind: 'video',
  format: 'mp4',
  width: 640,
  height: 480,
  duration_s: 6,
  frames: 180,
  sampled_frames: 18,
  bytes: 2_000_000,
  proposed_crop: { x: 110, y: 20, size: 420 },
  depth_mm: null,
  mm_per_pixel: null,
  notes: [],
  preview_url: '/api/v1/contributions/con-1/preview.jpg',
  text_boxes: [],
  fields_from: [],
  fields_from_file: [],
  reviewer_words: [],
  final_label: null,
  answer: '',
  created_at: '2026-01-05T10:00:00Z',
  submitted_at: null,
  decided_at: null,
  withdrawn_at: null,
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
  contribution_id: null,
  created_at: '2026-01-05T10:00:00Z',
  expires_at: '2026-01-08T10:00:00Z',
  ...changes,
});

/**
 * @param {Partial<import('../../src/api/submissions.js').Row>} changes
 * @returns {import('../../src/api/submissions.js').Row} a row of a manifest
 */
export const makeRow = (changes) => ({
  table: 'labels.csv',
  line: 2,
  file_name: 'a.mp4',
  status: null,
  problem: null,
  note: null,
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
  verdicts: words('Approve', 'Reject', 'Request changes'),
  reasons: words('Poor quality'),
  states: words('Draft', 'Pending', 'Changes requested', 'Approved', 'Rejected', 'Withdrawn'),
  required: ['label', 'probe', 'licence', 'source'],
  manifest_columns: [
    { name: 'file_name', also: [], about: 'The file.' },
    { name: 'label', also: [], about: 'The class.' },
  ],
  limits: {
    files: 2000,
    file_bytes: 200_000_000,
    archive_bytes: 8_000_000_000,
    archive_entries: 5000,
    unpacked_bytes: 16_000_000_000,
    manifest_bytes: 5_000_000,
    manifest_rows: 10_000,
  },
  consent: 'I may share these recordings.',
};
