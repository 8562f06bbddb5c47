/** Recordings, answers and problems as the service sends them, for tests to vary. */
import { CLASSES, topClass } from '../src/shared/classes.js';
import { makeItem } from '../src/screen/items.js';

/**
 * @typedef {import('../src/api/screenings.js').Recording} Recording
 * @typedef {import('../src/api/screenings.js').Screening} Screening
 * @typedef {import('../src/api/screenings.js').Result} Result
 * @typedef {import('../src/api/screenings.js').Probabilities} Probabilities
 */

/**
 * @param {number} covid19
 * @param {number} pneumonia
 * @returns {Probabilities}
 */
export const shares = (covid19, pneumonia) => ({
  covid19,
  pneumonia,
  healthy: Number((1 - covid19 - pneumonia).toFixed(6)),
});

/** @param {Partial<Recording>} [changes] @returns {Recording} */
export const makeRecording = (changes) => ({
  id: 'rec-1',
  kind: 'video',
  format: 'mp4',
  width: 640,
  height: 480,
  duration_s: 9.3,
  frames: 279,
  sampled_frames: 28,
  bytes: 3_000_000,
  proposed_crop: { x: 110, y: 20, size: 420 },
  depth_mm: null,
  mm_per_pixel: null,
  notes: [],
  preview_url: '/api/v1/recordings/rec-1/preview.jpg',
  created_at: '2026-01-05T10:00:00Z',
  expires_at: '2026-01-06T10:00:00Z',
  ...changes,
});

/**
 * A result that follows from what the models and the frames say.
 * @param {object} [said]
 * @param {Probabilities[]} [said.models]
 * @param {Probabilities[]} [said.frames]
 * @returns {import('../src/shared/outcome.js').Classified}
 */
export function makeResult({ models = Array(5).fill(shares(0.85, 0.1)), frames = models } = {}) {
  const probabilities = /** @type {Probabilities} */ (
    Object.fromEntries(
      CLASSES.map((key) => [key, models.reduce((sum, m) => sum + m[key], 0) / models.length]),
    )
  );
  const label = topClass(probabilities);
  const votes = frames.map(topClass);
  const count = (/** @type {string} */ key) => votes.filter((vote) => vote === key).length;
  return {
    label,
    probability: probabilities[label],
    probabilities,
    models: models.map((each) => ({ probabilities: each })),
    majority_vote: CLASSES.reduce((best, key) => (count(key) > count(best) ? key : best)),
    frames: frames.map((each, index) => ({
      index,
      time_s: index / 3,
      probabilities: each,
      usable: true,
      signs: null,
    })),
    agreement: models.filter((each) => topClass(each) === label).length,
    crop: { x: 110, y: 20, size: 420 },
    model_version: 'pocovidnet-1',
    usable: true,
    reasons: [],
    parts: ['pocovidnet'],
    signs: null,
    sentence: null,
    reliability: null,
    answered_anyway: null,
    disclaimer: 'Research use only.',
  };
}

/**
 * An answer of POCOVID-Net and the signs.
 * @param {Parameters<typeof makeResult>[0]} [said]
 * @returns {import('../src/shared/outcome.js').Classified}
 */
export function makeSignedResult(said) {
  const result = makeResult(said);
  const count = result.frames.length;
  return {
    ...result,
    parts: ['pocovidnet', 'signs'],
    signs: {
      a_lines: { probability: 0.08, highest: 0.2, frames: 0 },
      b_lines: { probability: 0.91, highest: 0.98, frames: count },
      consolidation: { probability: 0.12, highest: 0.55, frames: 1 },
      effusion: { probability: 0.03, highest: 0.06, frames: 0 },
      pleural_irregularity: { probability: 0.74, highest: 0.9, frames: count - 1 },
      air_bronchogram: { probability: 0.04, highest: 0.1, frames: 0 },
    },
    sentence: 'B-lines and an irregular pleura; no consolidation; no effusion.',
    reliability: { right: 39, answers: 50, low: 0.7, high: 0.9, group: 'source' },
    frames: result.frames.map((frame) => ({
      ...frame,
      signs: {
        a_lines: 0.08,
        b_lines: 0.91,
        consolidation: 0.12,
        effusion: 0.03,
        pleural_irregularity: 0.74,
        air_bronchogram: 0.04,
      },
    })),
  };
}

/**
 * A recording that is not answered for.
 * @param {string} code
 * @returns {Result}
 */
export function makeRefusedResult(code = 'not_lung') {
  const result = makeResult();
  return {
    ...result,
    usable: false,
    reasons: [/** @type {any} */ ({ code, message: 'No pleura and no ribs were found.' })],
    label: null,
    probability: null,
    probabilities: null,
    majority_vote: null,
    agreement: null,
    models: [],
    frames: result.frames.map((frame) => ({ ...frame, probabilities: null, usable: false })),
  };
}

/** @param {Partial<Screening>} [changes] @returns {Screening} */
export const makeScreening = (changes) => ({
  id: 'scr-1',
  recording_id: 'rec-1',
  status: 'queued',
  created_at: '2026-01-05T10:00:00Z',
  started_at: null,
  finished_at: null,
  crop: { x: 110, y: 20, size: 420 },
  probe: 'convex',
  progress: { done: 0, total: 28, seconds_left: null, ahead: null },
  frames_available: changes?.status === 'done',
  result: null,
  error: null,
  ...changes,
});

/** @param {Partial<import('../src/screen/items.js').Item>} [changes] */
export function makeReadyItem(changes) {
  const recording = makeRecording();
  return makeItem({
    name: 'clip.mp4',
    stage: 'ready',
    recordingId: recording.id,
    recording,
    square: recording.proposed_crop,
    ...changes,
  });
}

/** @param {Partial<import('../src/api/accounts.js').User>} [changes] */
export const makeUser = (changes) => ({
  id: 'user-1',
  email: 'ada@example.org',
  name: 'Ada Lund',
  affiliation: 'Ward 3',
  role: /** @type {const} */ ('contributor'),
  created_at: '2026-01-05T10:00:00Z',
  disabled_at: null,
  ...changes,
});

/**
 * @param {Partial<import('../src/api/accounts.js').Token>} [changes]
 * @returns {import('../src/api/accounts.js').Token}
 */
export const makeToken = (changes) => ({
  id: 'token-1',
  name: 'upload script',
  hint: 'pocovid_Ab3',
  scopes: ['submit'],
  created_at: '2026-01-05T10:00:00Z',
  expires_at: null,
  last_used_at: null,
  revoked_at: null,
  ...changes,
});
