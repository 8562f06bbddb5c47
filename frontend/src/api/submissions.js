/** The calls of contributing: submissions, their files and recordings, the check, the outcome. */
import { call } from './call.js';

/**
 * @typedef {import('./schema.d.ts').SubmissionOut} Submission
 * @typedef {import('./schema.d.ts').ContributionOut} Contribution
 * @typedef {import('./schema.d.ts').ContributionState} State
 * @typedef {import('./schema.d.ts').FieldsOut} Fields what is said about a recording, or about all of a submission
 * @typedef {import('./schema.d.ts').Label} Label
 * @typedef {import('./schema.d.ts').Symptom} Symptom
 * @typedef {import('./schema.d.ts').FieldsIn} FieldsIn what is to change; null empties a field
 * @typedef {import('./schema.d.ts').UploadOut} SentFile a file as the service has it
 * @typedef {import('./schema.d.ts').CheckOut} Check
 * @typedef {import('./schema.d.ts').Duplicate} Duplicate
 * @typedef {import('./schema.d.ts').RowOut} Row of a manifest
 * @typedef {import('./schema.d.ts').VocabularyOut} Vocabulary
 * @typedef {import('./schema.d.ts').Choice} Choice
 */

const PAGE_SIZE = 200;

/** @param {string} id */
const ofSubmission = (id) => ({ submission_id: id });

/** @param {string} id */
const ofContribution = (id) => ({ contribution_id: id });

export const vocabulary = () => call('get', '/vocabulary');

/** @param {string | null} [cursor] */
export const submissions = (cursor = null) => call('get', '/submissions', { query: { cursor } });

/** A new draft. */
export const begin = () => call('post', '/submissions', { body: {} });

/** @param {string} id */
export const submission = (id) =>
  call('get', '/submissions/{submission_id}', { path: ofSubmission(id) });

/**
 * @param {string} id
 * @param {import('./schema.d.ts').SubmissionPatch} changes
 */
export const changeSubmission = (id, changes) =>
  call('patch', '/submissions/{submission_id}', { path: ofSubmission(id), body: changes });

/** @param {string} id */
export const deleteSubmission = (id) =>
  call('delete', '/submissions/{submission_id}', { path: ofSubmission(id) });

/** All recordings of a submission. @param {string} id */
export const contributions = (id) =>
  all((cursor) =>
    call('get', '/submissions/{submission_id}/contributions', {
      path: ofSubmission(id),
      query: { limit: PAGE_SIZE, cursor },
    }),
  );

/** All files of a submission, in the order in which they came. @param {string} id */
export const files = (id) =>
  all((cursor) =>
    call('get', '/submissions/{submission_id}/files', {
      path: ofSubmission(id),
      query: { limit: PAGE_SIZE, cursor },
    }),
  );

/** @param {string} id of a file */
export const forgetFile = (id) => call('delete', '/uploads/{uuid}', { path: { uuid: id } });

/**
 * The same fields for several recordings.
 * @param {string} id of the submission
 * @param {string[]} ids of recordings
 * @param {FieldsIn} fields
 */
export const changeContributions = (id, ids, fields) =>
  call('patch', '/submissions/{submission_id}/contributions', {
    path: ofSubmission(id),
    body: { ids, fields },
  });

/** @param {string} id */
export const contribution = (id) =>
  call('get', '/contributions/{contribution_id}', { path: ofContribution(id) });

/** @param {string} id */
export const deleteContribution = (id) =>
  call('delete', '/contributions/{contribution_id}', {
    path: ofContribution(id),
    keepalive: true,
  });

/**
 * Mask or keep text in the picture of a recording.
 * @param {string} id
 * @param {import('./schema.d.ts').TextDecisionIn[]} decisions
 */
export const decideText = (id, decisions) =>
  call('patch', '/contributions/{contribution_id}/text', {
    path: ofContribution(id),
    body: { decisions },
  });

/** Mask all text of a draft that may name a person. @param {string} id */
export const maskText = (id) =>
  call('post', '/submissions/{submission_id}/mask-text', { path: ofSubmission(id) });

/** @param {string} id */
export const check = (id) =>
  call('get', '/submissions/{submission_id}/check', { path: ofSubmission(id) });

/** Send it to the reviewers. @param {string} id */
export const submit = (id) =>
  call('post', '/submissions/{submission_id}/submit', {
    path: ofSubmission(id),
    body: { consent: true },
  });

/** @param {string} id */
export const withdraw = (id) =>
  call('post', '/contributions/{contribution_id}/withdraw', { path: ofContribution(id) });

/**
 * Answer a request for changes.
 * @param {string} id
 * @param {string} answer
 * @param {FieldsIn} fields
 */
export const answer = (id, answer, fields) =>
  call('post', '/contributions/{contribution_id}/answer', {
    path: ofContribution(id),
    body: { answer, fields },
  });

/**
 * Every page of a list, one after the other.
 * @template T
 * @param {(cursor: string | null) => Promise<{items: T[], next: string | null}>} page
 * @returns {Promise<T[]>}
 */
async function all(page) {
  /** @type {T[]} */
  const items = [];
  /** @type {string | null} */
  let cursor = null;
  do {
    const { items: more, next } = await page(cursor);
    items.push(...more);
    cursor = next;
  } while (cursor);
  return items;
}
