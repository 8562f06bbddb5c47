/** Requesting screenings and updating each recording as they progress. */
import * as api from '../api/screenings.js';
import { announce } from '../shared/announcer.js';
import { find, patch, unscreened, wanted } from './items.js';
import { withRetry } from '../shared/retry.js';
import { Problem } from '../api/problem.js';
import { watchScreening } from './watchScreening.js';
import { outcome, refusal } from '../shared/outcome.js';

/** @typedef {import('../api/screenings.js').Screening} Screening */

/** @type {Map<string, () => void>} cancels what is under way for a recording, by its key */
const cancelWork = new Map();

/**
 * Screen a recording with its current square.
 * @param {string} key
 * @param {api.Probe} [probe] that it is screened as, if another than before
 */
export async function screen(key, probe = find(key)?.probe) {
  const item = find(key);
  if (!item?.recording || !item.square || !probe) return;
  const { recording, square, stage, adjusting } = item;
  const controller = new AbortController();
  cancelWork.set(key, () => controller.abort());
  patch(key, { stage: 'starting', wanted: false, adjusting: false, problem: null });
  try {
    const screening = await withRetry(() => api.screen(recording.id, square, probe), {
      signal: controller.signal,
      onWait: (resumesAt, problem) => patch(key, { resumesAt, problem }),
    });
    if (controller.signal.aborted) return;
    follow(key, screening);
  } catch (problem) {
    if (controller.signal.aborted) return;
    if (!(problem instanceof Problem)) throw problem;
    patch(key, { stage: problem.gone ? 'gone' : stage, adjusting, problem, resumesAt: null });
  }
}

/** Screen every recording; those still uploading, as soon as they are uploaded. */
export async function screenAll() {
  for (const { key } of unscreened.value) patch(key, { wanted: true });
  await screenWanted();
}

let screening = false;

/** Screen the wanted recordings that are ready, one request after the other. */
export async function screenWanted() {
  if (screening) return;
  screening = true;
  try {
    for (let next = nextWanted(); next; next = nextWanted()) await screen(next.key);
  } finally {
    screening = false;
  }
}

const nextWanted = () => wanted.value.find(({ stage }) => stage === 'ready');

/**
 * Show a screening and, unless it is over, keep it up to date.
 * @param {string} key
 * @param {Screening} screening
 */
export function follow(key, screening) {
  stopWork(key);
  show(key, screening);
  if (isOver(screening)) return;
  const stop = watchScreening(screening.id, {
    onUpdate: (update) => {
      show(key, update);
      if (isOver(update)) announceOutcome(key, update);
    },
    onGone: () => patch(key, { stage: 'gone' }),
    onOffline: (offline) => {
      if (find(key)?.offline !== offline) patch(key, { offline });
    },
  });
  cancelWork.set(key, stop);
}

/** Stop whatever is under way for a recording. @param {string} key */
export function stopWork(key) {
  cancelWork.get(key)?.();
  cancelWork.delete(key);
}

/**
 * @param {string} key
 * @param {Screening} screening
 */
function show(key, screening) {
  const { id, status, crop, probe } = screening;
  const stage = status === 'done' || status === 'failed' ? status : 'screening';
  patch(key, { screeningId: id, screening, stage, square: crop, probe });
}

/** @param {Screening} screening */
const isOver = ({ status }) => status === 'done' || status === 'failed';

/**
 * @param {string} key
 * @param {Screening} screening
 */
function announceOutcome(key, { result, error }) {
  const name = find(key)?.name;
  if (result) {
    announce(spokenOutcome(name ?? '', result));
  } else if (error) {
    announce(`${name} could not be screened. ${error.message}`);
  }
}

/**
 * @param {string} name
 * @param {import('../api/screenings.js').Result} result
 */
function spokenOutcome(name, result) {
  const why = refusal(result);
  return why ? `${name}: not answered. ${why.title}.` : `${name}: ${outcome(result)}.`;
}
