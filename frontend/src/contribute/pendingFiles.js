/** Files that are still to be uploaded, kept in local storage so that they can be named after a reload. */

/** @typedef {{path: string, bytes: number}} PendingFile */

/** @param {string} submissionId */
const storageKey = (submissionId) => `pocovid.sending.${submissionId}`;

/** @param {string} submissionId @returns {PendingFile[]} */
export function readPending(submissionId) {
  const written = localStorage.getItem(storageKey(submissionId));
  return written ? JSON.parse(written) : [];
}

/**
 * @param {string} submissionId
 * @param {PendingFile[]} pending
 */
export function savePending(submissionId, pending) {
  if (pending.length === 0) localStorage.removeItem(storageKey(submissionId));
  else localStorage.setItem(storageKey(submissionId), JSON.stringify(pending));
}

/**
 * Whether two are the same file. Browsers give a name in composed or decomposed Unicode.
 * @param {PendingFile} one
 * @param {PendingFile} other
 */
export const isSameFile = (one, other) =>
  one.bytes === other.bytes && one.path.normalize('NFC') === other.path.normalize('NFC');
