/** The uploads of submissions: each resumes where it stopped. */
import { signal } from '@preact/signals';
import { announce } from '../shared/announcer.js';
import { CANCELLED, sendFile } from '../api/tus.js';
import { precheck } from '../shared/precheck.js';
import { Problem } from '../api/problem.js';
import { user } from '../shared/session.js';
import { fileSize, plural } from '../shared/format.js';
import { after, withRetry } from '../shared/retry.js';
import { uploadQueue } from '../shared/uploadQueue.js';
import { isSameFile, savePending, readPending } from './pendingFiles.js';
import { vocabulary } from './vocabulary.js';

/**
 * @typedef {import('../api/submissions.js').SentFile} SentFile
 * @typedef {import('./folders.js').Found} Found
 *
 * @typedef {'waiting' | 'sending' | 'paused' | 'arrived' | 'refused'} Stage
 *   `paused`: it goes on by itself, at `resumesAt` or when somebody is signed in again
 *
 * @typedef {object} Upload a file of this computer on its way
 * @property {string} key
 * @property {string} submissionId
 * @property {string} path with its folders
 * @property {number} bytes
 * @property {number} sent
 * @property {Stage} stage
 * @property {import('../api/problem.js').Problem | null} problem
 */

const LONGEST_WAIT_MS = 30_000;
const MOST_FAILURES = 5;
const TRUSTED_AFTER_MS = 800;

/** Every file of this page, in the order in which they are sent. */
export const uploads = signal(/** @type {Upload[]} */ ([]));

/** Seconds until everything is there; null while not known. */
export const secondsLeft = signal(/** @type {number | null} */ (null));

/** @typedef {{file: File, known: string | null}} Payload `known`: its id on the service, if begun */

/** @type {ReturnType<typeof uploadQueue<Payload>>} */
const queue = uploadQueue({
  waiting: () => uploads.value.flatMap(({ key, stage }) => (stage === 'waiting' ? [key] : [])),
  send,
  onIdle() {
    bytesMoved = 0;
    busySince = null;
    secondsLeft.value = null;
  },
});

let made = 0;
let bytesMoved = 0; // over the network, since the queue was last idle
let busySince = /** @type {number | null} */ (null); // performance.now() of the first send since then

/**
 * @param {string} submissionId
 * @param {Found[]} found
 * @param {readonly SentFile[]} there what the service has already
 * @returns {{added: number, already: number, leftOut: string[], sheets: string[]}}
 *   `already`: already uploaded or in the queue; `leftOut`: neither recordings nor lists;
 *   `sheets`: spreadsheets
 */
export function addFiles(submissionId, found, there) {
  const queued = uploads.value.filter(
    (each) => each.submissionId === submissionId && each.stage !== 'refused',
  );
  const leftOut = [];
  const sheets = [];
  /** @type {Upload[]} */
  const added = [];
  let already = 0;
  for (const { file, path } of found) {
    const pending = { path, bytes: file.size };
    const known = there.find(({ file_name, bytes }) =>
      isSameFile({ path: file_name, bytes }, pending),
    );
    if (isSpreadsheet(file)) {
      sheets.push(path);
    } else if (!mayBeRecording(file)) {
      leftOut.push(path);
    } else if (
      (known && known.state !== 'receiving' && known.state !== 'failed') ||
      [...queued, ...added].some((each) => isSameFile(each, pending))
    ) {
      already += 1;
    } else {
      added.push(make(submissionId, file, path, known?.state === 'receiving' ? known.id : null));
    }
  }
  uploads.value = [...uploads.value, ...added];
  savePendingOf(submissionId);
  if (added.length > 0) announce(`${plural(added.length, 'file')} added.`);
  queue.start();
  return { added: added.length, already, leftOut, sheets };
}

/** @param {string} submissionId @param {File} file @param {string} path @param {string | null} known */
function make(submissionId, file, path, known) {
  made += 1;
  const key = `upload-${made}`;
  const problem = refusal(file);
  queue.add(key, { file, known });
  /** @type {Upload} */
  const upload = { key, submissionId, path, bytes: file.size, sent: 0, stage: 'waiting', problem };
  return problem ? { ...upload, stage: /** @type {const} */ ('refused') } : upload;
}

/** @param {File} file */
const isArchive = (file) => /\.zip$/i.test(file.name) || /zip/.test(file.type);
/** @param {File} file */
const isList = (file) => /\.(csv|tsv)$/i.test(file.name) || file.type === 'text/csv';

/** @param {File} file */
const isSpreadsheet = (file) => /\.(xlsx|xlsm|xlsb|xls|ods|numbers)$/i.test(file.name);

/**
 * Whether to upload a file of a folder. A file without a type may be a recording: the service
 * looks at its bytes.
 * @param {File} file
 */
const mayBeRecording = (file) =>
  isArchive(file) || isList(file) || !file.type || /^(image|video)\//.test(file.type);

/** @param {File} file @returns {Problem | null} */
function refusal(file) {
  const limits = vocabulary.value?.limits;
  if (!isArchive(file) && !isList(file)) {
    return precheck(file, limits ? { max_bytes: limits.file_bytes } : null);
  }
  if (file.size === 0) return precheck(file, null);
  if (isArchive(file) && limits && file.size > limits.archive_bytes) {
    return new Problem({
      code: 'file_too_large',
      detail: `The archive is ${fileSize(file.size)}; the limit is ${fileSize(limits.archive_bytes)}. Split it, or send the files individually.`,
    });
  }
  return null;
}

/** Try once more. @param {string} key */
export function retry(key) {
  patch(key, { stage: 'waiting', problem: null });
  queue.start();
}

/** Take a file off the list; the service forgets what it has of it. @param {string} key */
export function cancel(key) {
  const cancelled = uploads.value.find((upload) => upload.key === key);
  uploads.value = uploads.value.filter((upload) => upload.key !== key);
  queue.remove(key, CANCELLED);
  if (cancelled) savePendingOf(cancelled.submissionId);
}

/** Forget the files of a submission, which is gone or was sent. @param {string} submissionId */
export function forgetUploadsOf(submissionId) {
  for (const { key } of uploads.value.filter((upload) => upload.submissionId === submissionId)) {
    cancel(key);
  }
  savePending(submissionId, []);
}

/** @param {Upload} upload */
const isUnsent = ({ stage }) => stage === 'waiting' || stage === 'sending' || stage === 'paused';

/**
 * @param {string} key
 * @param {Payload} payload
 * @param {AbortSignal} signal
 */
async function send(key, { file, known }, signal) {
  const { path, bytes, submissionId } = /** @type {Upload} */ (
    uploads.value.find((upload) => upload.key === key)
  );
  busySince ??= performance.now();
  let resumed = known !== null;
  patch(key, { stage: 'sending', problem: null });
  try {
    await withRetry(
      (resetFailures) => {
        // What had arrived before is not how fast it goes now.
        let before = resumed ? null : 0;
        resumed = true;
        return sendFile(file, {
          path,
          submissionId,
          known,
          signal,
          onProgress(sent) {
            if (before !== null && sent > before) {
              bytesMoved += sent - before;
              resetFailures();
            }
            before = sent;
            patch(key, { sent });
            estimate();
          },
        });
      },
      {
        signal,
        policy: untilItIsThere,
        onWait(_, problem) {
          patch(key, { stage: problem ? 'paused' : 'sending', problem });
          if (problem) secondsLeft.value = null;
        },
      },
    );
    patch(key, { stage: 'arrived', sent: bytes, problem: null });
    queue.remove(key);
  } catch (problem) {
    if (signal.aborted) return;
    if (!(problem instanceof Problem)) throw problem;
    patch(key, { stage: 'refused', problem });
    announce(`${path} was not sent. ${problem.detail}`);
  } finally {
    savePendingOf(submissionId);
  }
}

/** @type {import('../shared/retry.js').Policy} over lost networks, a busy service, a session that ended */
function untilItIsThere({ status, busy, retryAfter }, failures) {
  if (status === 401) return { until: null, over: signedIn };
  const mayPass =
    status === 0 ||
    busy ||
    ((status >= 500 || status === 409 || status === 423) && failures < MOST_FAILURES);
  if (!mayPass) return null;
  const backoff = Math.min(1000 * 2 ** (failures - 1), LONGEST_WAIT_MS);
  return after(retryAfter ? retryAfter * 1000 : backoff, { orOnline: true });
}

/** @param {AbortSignal} signal @returns {Promise<void>} */
function signedIn(signal) {
  return new Promise((resolve, reject) => {
    // Told of the person as it is now at once, before there is anything to stop.
    const stop = user.subscribe((person) => person && queueMicrotask(end));
    signal.addEventListener('abort', end);
    function end() {
      stop();
      if (signal.aborted) reject(signal.reason);
      else resolve();
    }
  });
}

/** Estimated over all uploads: small files spend most of their time between requests. */
function estimate() {
  const missing = uploads.value
    .filter(isUnsent)
    .reduce((sum, { bytes, sent }) => sum + bytes - sent, 0);
  const passed = performance.now() - (busySince ?? 0);
  const known = bytesMoved > 0 && passed >= TRUSTED_AFTER_MS;
  secondsLeft.value = known ? ((passed / 1000) * missing) / bytesMoved : null;
}

/** Note what is still to come, for after a reload. @param {string} submissionId */
function savePendingOf(submissionId) {
  const now = uploads.value.filter((each) => each.submissionId === submissionId);
  const others = readPending(submissionId).filter(
    (pending) => !now.some((each) => isSameFile(each, pending)),
  );
  const unsent = now.filter(isUnsent).map(({ path, bytes }) => ({ path, bytes }));
  savePending(submissionId, [...others, ...unsent]);
}

/** @param {string} key @param {Partial<Upload>} changes */
function patch(key, changes) {
  uploads.value = uploads.value.map((each) => (each.key === key ? { ...each, ...changes } : each));
}

window.addEventListener('beforeunload', (event) => {
  if (uploads.value.some(isUnsent)) event.preventDefault();
});
