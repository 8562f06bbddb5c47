/** What this browser remembers of files still to be sent, so that it can name them after a reload. */

/** @typedef {{path: string, bytes: number}} Note */

/** @param {string} submissionId */
const place = (submissionId) => `pocovid.sending.${submissionId}`;

/** @param {string} submissionId @returns {Note[]} */
export function readPending(submissionId) {
  const written = localStorage.getItem(place(submissionId));
  return written ? JSON.parse(written) : [];
}

/**
 * @param {string} submissionId
 * @param {Note[]} notes
 */
export function savePending(submissionId, notes) {
  if (notes.length === 0) localStorage.removeItem(place(submissionId));
  else localStorage.setItem(place(submissionId), JSON.stringify(notes));
}

/**
 * Whether two are one file: browsers give a name composed or not, as the computer has it.
 * @param {Note} one
 * @param {Note} other
 */
export const isSameFile = (one, other) =>
  one.bytes === other.bytes && one.path.normalize('NFC') === other.path.normalize('NFC');
