/** The submission that is open, as the service has it, and the changes being saved. */
import { computed, signal } from '@preact/signals';
import * as api from '../api/submissions.js';
import { forgetUploads } from '../api/tus.js';
import { Problem } from '../api/problem.js';
import { changed, fromDefaults } from './fields.js';
import { forgetUploadsOf, uploads } from './uploads.js';
import { loadVocabulary } from './vocabulary.js';
import { needsDecision, withDecision } from '../shared/TextOverlay.jsx';

/**
 * @typedef {import('../api/submissions.js').Submission} Submission
 * @typedef {import('../api/submissions.js').Contribution} Contribution
 * @typedef {import('../api/submissions.js').SentFile} SentFile
 * @typedef {import('../api/submissions.js').FieldsIn} FieldsIn
 * @typedef {import('../api/submissions.js').Check} Check
 * @typedef {import('../api/schema.d.ts').TextBoxOut} TextBox
 */

const POLL_MS = 2000;
const CHECK_AFTER_MS = 900;

export const submission = signal(/** @type {Submission | null} */ (null));
export const files = signal(/** @type {SentFile[]} */ ([]));
export const check = signal(/** @type {Check | null} */ (null));

/** Why the last change was not saved, for people; '' if it was. */
export const saveError = signal('');

/** Why the page may be out of date, for people; '' while the service responds. */
export const offline = signal('');

/** Number of changes that are being saved. */
export const saving = signal(0);

/** Ids of recordings that were removed from the page but can still be restored. */
export const hidden = signal(/** @type {ReadonlySet<string>} */ (new Set()));

const loaded = signal(/** @type {Contribution[]} */ ([]));

export const recordings = computed(() => loaded.value.filter(({ id }) => !hidden.value.has(id)));

/** Number of files that the service has received but not read yet. */
export const beingRead = computed(
  () => files.value.filter(({ state }) => state === 'queued' || state === 'running').length,
);

let openId = '';
let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
let checkTimer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
let processedBefore = -1; // files that were processed at the last refresh
let arrivedBefore = 0; // uploads that had finished by then
let changes = Promise.resolve(); // one after the other, in the order in which they were made

/**
 * @param {string} id
 * @returns {Promise<boolean>} false: there is no such submission
 */
export async function open(id) {
  close();
  openId = id;
  submission.value = null;
  loaded.value = [];
  files.value = [];
  check.value = null;
  saveError.value = '';
  offline.value = '';
  processedBefore = -1;
  arrivedBefore = 0;
  try {
    await loadVocabulary();
    await reload(id);
    void follow(id);
    return true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.gone) return false;
    if (id !== openId) return true;
    offline.value = problem.detail;
    timer = setTimeout(() => void open(id), POLL_MS);
    return true;
  }
}

export function close() {
  openId = '';
  clearTimeout(timer);
  clearTimeout(checkTimer);
}

/** @param {string} id */
async function reload(id) {
  const [one, all, sent] = await Promise.all([
    api.submission(id),
    api.contributions(id),
    api.files(id),
  ]);
  if (id !== openId) return;
  submission.value = one;
  loaded.value = all;
  files.value = sent;
  processedBefore = processed(sent);
  recheck();
}

/** @param {SentFile[]} sent */
const processed = (sent) =>
  sent.filter(({ state }) => state === 'done' || state === 'failed').length +
  sent.reduce((sum, { done }) => sum + done, 0);

/** Refresh every few seconds, for as long as files are uploaded or processed. @param {string} id */
async function follow(id) {
  clearTimeout(timer);
  if (id !== openId) return;
  const ownUploads = uploads.value.filter(({ submissionId }) => submissionId === id);
  const moving = ownUploads.some(({ stage }) => stage === 'sending');
  // A file may be uploaded and processed between two refreshes, and a refresh may fail.
  const arrived = ownUploads.filter(({ stage }) => stage === 'arrived').length;
  const unseen = arrived !== arrivedBefore || processed(files.value) !== processedBefore;
  try {
    if (moving || beingRead.value > 0 || unseen) {
      await refresh(id);
      arrivedBefore = arrived;
    }
    offline.value = '';
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    offline.value = problem.detail;
  }
  if (id === openId) timer = setTimeout(() => void follow(id), POLL_MS);
}

/** @param {string} id */
async function refresh(id) {
  const sent = await api.files(id);
  if (id !== openId) return;
  files.value = sent;
  if (processed(sent) !== processedBefore && saving.value === 0) await reload(id);
}

/** Ask for the check again, once no change was made for a moment. */
export function recheck() {
  clearTimeout(checkTimer);
  if (submission.value?.state !== 'draft') return;
  const id = openId;
  checkTimer = setTimeout(async () => {
    try {
      const found = await api.check(id);
      if (id === openId && saving.value === 0) check.value = found;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      // Asked again after the next change, and in any case before it is sent.
    }
  }, CHECK_AFTER_MS);
}

/**
 * Show a change at once, send it after earlier changes, and revert it if it fails.
 * @param {() => void} show
 * @param {() => Promise<unknown>} send
 */
function change(show, send) {
  const id = openId;
  show();
  saving.value += 1;
  changes = changes.then(async () => {
    let failed = false;
    try {
      await send();
      saveError.value = '';
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      failed = true;
      saveError.value = `That change was not saved. ${problem.detail}`;
    } finally {
      saving.value -= 1;
    }
    if (id !== openId) return;
    if (failed) await reload(id).catch(() => {}); // said above
    recheck();
  });
  return changes;
}

/**
 * The same fields for some recordings.
 * @param {readonly string[]} ids
 * @param {FieldsIn} fields
 */
export function changeRecordings(ids, fields) {
  const { id, defaults } = /** @type {Submission} */ (submission.value);
  const chosen = new Set(ids);
  return change(
    () => {
      loaded.value = loaded.value.map((each) =>
        chosen.has(each.id)
          ? {
              ...changed(each, fields, defaults),
              fields_from: fromDefaults(each.fields_from, fields, defaults),
              fields_from_file: each.fields_from_file.filter((name) => !(name in fields)),
            }
          : each,
      );
    },
    () => api.changeContributions(id, [...ids], fields),
  );
}

/**
 * Mask or keep a box of text of a recording.
 * @param {string} id of the recording
 * @param {number} place of the box
 * @param {import('../api/schema.d.ts').TextDecision} decision
 */
export function decideText(id, place, decision) {
  return change(
    () => showText(id, (box, n) => (n === place ? withDecision(box, decision) : box)),
    () => api.decideText(id, [{ box: place, decision }]),
  );
}

/** Mask all text of the submission that may name a person and that nobody has decided on. */
export function maskText() {
  const { id } = /** @type {Submission} */ (submission.value);
  return change(
    () => {
      for (const { id: one } of loaded.value)
        showText(one, (box) => (needsDecision(box) ? withDecision(box, 'mask') : box));
    },
    () => api.maskText(id),
  );
}

/**
 * @param {string} id
 * @param {(box: TextBox, place: number) => TextBox} toShown
 */
function showText(id, toShown) {
  loaded.value = loaded.value.map((each) =>
    each.id === id && each.text_boxes
      ? { ...each, text_boxes: each.text_boxes.map(toShown) }
      : each,
  );
}

/** Change the defaults of all recordings. @param {FieldsIn} fields */
export function changeDefaults(fields) {
  const before = /** @type {Submission} */ (submission.value);
  return change(
    () => (submission.value = { ...before, defaults: changed(before.defaults, fields) }),
    async () => {
      await api.changeSubmission(before.id, { defaults: fields });
      if (saving.value === 1 && before.id === openId) await reload(before.id);
    },
  );
}

/** @param {string} title */
export function changeTitle(title) {
  const before = /** @type {Submission} */ (submission.value);
  return change(
    () => (submission.value = { ...before, title }),
    () => api.changeSubmission(before.id, { title }),
  );
}

/** Remove a failed file from the list. @param {string} id */
export function forgetFile(id) {
  return change(
    () => (files.value = files.value.filter((each) => each.id !== id)),
    () => api.forgetFile(id),
  );
}

/** Replace a recording by the one that the service returned. @param {Contribution} one */
export function replaceRecording(one) {
  loaded.value = loaded.value.map((each) => (each.id === one.id ? one : each));
}

/**
 * Send the submission to the reviewers.
 * @throws {Problem}
 */
export async function submit() {
  const id = openId;
  await changes;
  await api.submit(id);
  forgetUploadsOf(id);
  await forgetUploads(id);
  await reload(id);
}

window.addEventListener('beforeunload', (event) => {
  if (saving.value > 0) event.preventDefault();
});
