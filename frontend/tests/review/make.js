/** Recordings in review and verdicts as the service sends them, for tests to vary. */
import { makeResult, shares } from '../make.js';

/**
 * @param {Partial<import('../../src/api/reviews.js').Contribution>} [changes]
 * @returns {import('../../src/api/reviews.js').Contribution}
 */
export const makeContribution = (changes) => ({
  id: 'con-1',
  state: 'pending',
  kind: 'video',
  width: 640,
  height: 480,
  duration_s: 1,
  frames: 10,
  proposed_crop: { x: 110, y: 20, size: 420 },
  depth_mm: null,
  mm_per_pixel: null,
  notes: [],
  preview_url: '/api/v1/contributions/con-1/preview.jpg',
  label: 'covid19',
  probe: 'convex',
  licence: 'CC BY 4.0',
  source: 'Northumbria',
  has_patient: true,
  age_band: '40-59',
  sex: 'female',
  blue_point: null,
  findings: { b_lines: true },
  symptoms: ['fever'],
  note: 'Day 3',
  answer_to_reviewer: '',
  round: 1,
  earlier_rounds: [],
  reports: [],
  standing_label: null,
  text_boxes: [],
  trouble: null,
  submitted_at: new Date(Date.now() - 3 * 3_600_000).toISOString(),
  disputed: false,
  prepared: true,
  claimed_by_me: true,
  claimed_until: new Date(Date.now() + 15 * 60_000).toISOString(),
  ...changes,
});

/** @returns {import('../../src/api/reviews.js').Cine} ten frames a second, for a second */
export const makeCine = () => ({
  times_s: Array.from({ length: 10 }, (_, n) => n / 10),
  duration_s: 1,
  width: 640,
  height: 480,
  proposed_crop: { x: 110, y: 20, size: 420 },
  frame_url: '/api/v1/contributions/con-1/cine/{n}.jpg',
  contact_sheet_url: '/api/v1/contributions/con-1/contact-sheet.jpg',
  state: 'ready',
});

/**
 * A verdict that was given.
 * @param {import('../../src/api/schema.d.ts').Outcome} outcome
 * @param {import('../../src/api/screenings.js').Probabilities} model what the model says
 * @returns {import('../../src/api/schema.d.ts').GivenOut}
 */
export const makeVerdict = (outcome, model = shares(0.2, 0.7)) => ({
  id: 'rev-1',
  contribution_id: 'con-1',
  verdict: 'approve',
  reason: null,
  label: null,
  findings: {},
  square: null,
  trim_start_s: null,
  trim_end_s: null,
  comment: '',
  round: 1,
  reading: 1,
  claimed_at: '2026-03-01T10:00:00Z',
  created_at: '2026-03-01T10:01:00Z',
  undone_at: null,
  model_answer: makeResult({ models: Array(5).fill(model) }),
  outcome,
});
