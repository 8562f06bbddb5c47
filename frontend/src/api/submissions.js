/** The calls of contributing: submissions, their files and recordings, the check, the outcome. */
import { request, remove, query, sendJson } from './client.js';

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

const MOST = 200;

/** @param {string} id */
const one = (id) => `/submissions/${encodeURIComponent(id)}`;

/** @param {string} id */
const recording = (id) => `/contributions/${encodeURIComponent(id)}`;

/** @returns {Promise<Vocabulary>} */
export const vocabulary = () => request('/vocabulary');

/**
 * @param {string | null} [cursor]
 * @returns {Promise<import('./schema.d.ts').SubmissionPage>}
 */
export const submissions = (cursor = null) => request(`/submissions${query({ cursor })}`);

/** @returns {Promise<Submission>} a new draft */
export const begin = () => sendJson('POST', '/submissions', {});

/** @param {string} id @returns {Promise<Submission>} */
export const submission = (id) => request(one(id));

/**
 * @param {string} id
 * @param {import('./schema.d.ts').SubmissionPatch} changes
 * @returns {Promise<Submission>}
 */
export const changeSubmission = (id, changes) => sendJson('PATCH', one(id), changes);

/** @param {string} id @returns {Promise<void>} */
export const deleteSubmission = (id) => remove(one(id));

/** @param {string} id @returns {Promise<Contribution[]>} all of them */
export const contributions = (id) => all(`${one(id)}/contributions`);

/** @param {string} id @returns {Promise<SentFile[]>} all of them, in the order in which they came */
export const files = (id) => all(`${one(id)}/files`);

/** @param {string} id of a file @returns {Promise<void>} */
export const forgetFile = (id) => remove(`/uploads/${encodeURIComponent(id)}`);

/**
 * The same fields for several recordings.
 * @param {string} id of the submission
 * @param {string[]} ids of recordings
 * @param {FieldsIn} fields
 * @returns {Promise<void>}
 */
export const changeContributions = (id, ids, fields) =>
  sendJson('PATCH', `${one(id)}/contributions`, { ids, fields });

/** @param {string} id @returns {Promise<Contribution>} */
export const contribution = (id) => request(recording(id));

/** @param {string} id @returns {Promise<void>} */
export async function deleteContribution(id) {
  await request(recording(id), { method: 'DELETE', keepalive: true });
}

/** @param {string} id @returns {Promise<Check>} */
export const check = (id) => request(`${one(id)}/check`);

/** Send it to the reviewers. @param {string} id @returns {Promise<Submission>} */
export const submit = (id) => sendJson('POST', `${one(id)}/submit`, { consent: true });

/** @param {string} id @returns {Promise<Contribution>} */
export const withdraw = (id) => sendJson('POST', `${recording(id)}/withdraw`);

/**
 * Answer a request for changes.
 * @param {string} id
 * @param {string} answer
 * @param {FieldsIn} fields
 * @returns {Promise<Contribution>}
 */
export const answer = (id, answer, fields) =>
  sendJson('POST', `${recording(id)}/answer`, { answer, fields });

/**
 * Every page of a list, one after the other.
 * @param {string} path
 */
async function all(path) {
  const items = [];
  let cursor = null;
  do {
    const page = /** @type {{items: any[], next: string | null}} */ (
      await request(`${path}${query({ limit: MOST, cursor })}`)
    );
    items.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return items;
}
