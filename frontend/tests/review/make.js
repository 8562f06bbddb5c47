/** Recordings in review as the service sends them, for tests to vary. */

/**
 * @param {Partial<import('../../src/api/reviewShapes.js').Contribution>} [changes]
 * @returns {import('../../src/api/reviewShapes.js').Contribution}
 */
export const makeContribution = (changes) => ({
  id: 'con-1',
  state: 'pending',
  kind: 'video',
  width: 640,
  height: 480,
  duration_s: 1,
  proposed_crop: { x: 110, y: 20, size: 420 },
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
  earlier_rounds: [],
  reports: [],
  standing_label: null,
  trouble: null,
  submitted_at: new Date(Date.now() - 3 * 3_600_000).toISOString(),
  disputed: false,
  prepared: true,
  claimed_by_me: true,
  claimed_until: new Date(Date.now() + 15 * 60_000).toISOString(),
  ...changes,
});

/** @returns {import('../../src/api/reviewShapes.js').Cine} ten frames a second, for a second */
export const makeCine = () => ({
  times_s: Array.from({ length: 10 }, (_, n) => n / 10),
  width: 640,
  height: 480,
  proposed_crop: { x: 110, y: 20, size: 420 },
  frame_url: '/api/v1/contributions/con-1/cine/{n}.jpg',
  state: 'ready',
});
