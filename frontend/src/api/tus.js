/** Files in pieces, by the tus protocol: what has arrived need not be sent again. */
import { Upload, defaultOptions } from 'tus-js-client';
import { noAnswer, problemFrom } from './problem.js';
import { ROOT, csrfHeaders, notifySignedOut } from './client.js';

const PIECE = 16_000_000;

/** The reason of a stop after which the service need not keep what has arrived. */
export const CANCELLED = 'cancelled';

/** @typedef {import('tus-js-client').DetailedError} DetailedError */

/**
 * Send a file, from where it stopped if it was begun before in this browser.
 * @param {File} file
 * @param {object} options
 * @param {string} options.path the file's name, with its folders
 * @param {string} options.submissionId
 * @param {string | null} [options.known] the id under which the service has a part of it
 * @param {(sent: number) => void} options.onProgress bytes
 * @param {AbortSignal} options.signal stops it; what has arrived stays
 * @returns {Promise<string>} the id of the file on the service
 */
export async function sendFile(file, { path, submissionId, known, onProgress, signal }) {
  const upload = new Upload(file, {
    endpoint: `${ROOT}/uploads`,
    uploadUrl: known ? `${ROOT}/uploads/${known}` : null,
    metadata: { filename: path, submission: submissionId },
    chunkSize: PIECE,
    retryDelays: null, // how often, and when, is decided by whoever calls
    fingerprint: async () => fingerprint(file, path, submissionId),
    removeFingerprintOnSuccess: true,
    onBeforeRequest(request) {
      for (const [name, value] of Object.entries(csrfHeaders())) request.setHeader(name, value);
    },
    onProgress: (sent) => onProgress(sent),
  });
  const [before] = known ? [] : await upload.findPreviousUploads();
  if (before) upload.resumeFromPreviousUpload(before);
  signal.throwIfAborted();
  await new Promise((resolve, reject) => {
    upload.options.onSuccess = resolve;
    upload.options.onError = (error) => reject(asProblem(error));
    signal.addEventListener('abort', () => {
      upload.abort(signal.reason === CANCELLED).catch(() => {}); // the service forgets it in time
      reject(signal.reason);
    });
    upload.start();
  });
  return (upload.url ?? '').replace(/\/+$/, '').split('/').at(-1) ?? '';
}

/**
 * Forget where the files of a submission stand: it is gone, or all are there.
 * @param {string} submissionId
 */
export async function forgetUploads(submissionId) {
  const kept = await defaultOptions.urlStorage.findAllUploads();
  for (const { metadata, urlStorageKey } of kept) {
    if (metadata?.submission === submissionId)
      await defaultOptions.urlStorage.removeUpload(urlStorageKey);
  }
}

/**
 * What a file is known by when it is added again.
 * @param {File} file
 * @param {string} path
 * @param {string} submissionId
 */
const fingerprint = (file, path, submissionId) =>
  ['pocovid', submissionId, path, file.size, file.lastModified].join('-');

/** @param {Error | DetailedError} error */
function asProblem(error) {
  const answer = 'originalResponse' in error ? error.originalResponse : null;
  if (!answer) return noAnswer();
  if (answer.getStatus() === 401) notifySignedOut();
  return problemFrom(answer.getStatus(), answer.getBody(), answer.getHeader('Retry-After') ?? null);
}
