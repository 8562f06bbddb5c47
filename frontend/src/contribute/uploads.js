/** Sending the files of submissions: three at a time, patiently, each from where it stopped. */
import { signal } from '@preact/signals';
import { announce } from '../shared/announcer.js';
import { CANCELLED, sendFile } from '../api/tus.js';
import { precheck } from '../shared/precheck.js';
import { Problem } from '../api/problem.js';
import { user } from '../shared/session.js';
import { plural, fileSize } from '../shared/format.js';
import { isSameFile, savePending, readPending } from './pendingFiles.js';
import { vocabulary } from './vocabulary.js';

/**
 * @typedef {import('../api/submissionShapes.js').Sending} Sending
 * @typedef {import('../api/submissionShapes.js').SentFile} SentFile
 * @typedef {import('./folders.js').Found} Found
 */

const LANES = 3;
const LONGEST_WAIT_MS = 30_000;
const MOST_FAULTS = 5;
const TRUSTED_AFTER_MS = 800;

/** Every file of this page, in the order in which they are sent. */
export const uploads = signal(/** @type {Sending[]} */ ([]));

/** Seconds until everything is there; null while not known. */
export const secondsLeft = signal(/** @type {number | null} */ (null));

/** @type {Map<string, {file: File, known: string | null}>} by the key of their sending */
const files = new Map();

/** @type {Map<string, AbortController>} */
const running = new Map();

let made = 0;
let moved = 0; // bytes that went over the network since it was last idle
let since = 0; // when that was

/**
 * @param {string} submissionId
 * @param {Found[]} found
 * @param {readonly SentFile[]} there what the service has already
 * @returns {{added: number, already: number, leftOut: string[], sheets: string[]}}
 *   `already`: they have arrived, or are on their way; `leftOut`: neither recordings nor lists;
 *   `sheets`: spreadsheets
 */
export function addFiles(submissionId, found, there) {
  const mine = uploads.value.filter(
    (each) => each.submissionId === submissionId && each.stage !== 'refused',
  );
  const leftOut = [];
  const sheets = [];
  /** @type {Sending[]} */
  const added = [];
  let already = 0;
  for (const { file, path } of found) {
    const note = { path, bytes: file.size };
    const known = there.find(({ file_name, bytes }) =>
      isSameFile({ path: file_name, bytes }, note),
    );
    if (isSpreadsheet(file)) {
      sheets.push(path);
    } else if (!mayBeOurs(file)) {
      leftOut.push(path);
    } else if (
      (known && known.state !== 'receiving' && known.state !== 'failed') ||
      [...mine, ...added].some((each) => isSameFile(each, note))
    ) {
      already += 1;
    } else {
      added.push(make(submissionId, file, path, known?.state === 'receiving' ? known.id : null));
    }
  }
  uploads.value = [...uploads.value, ...added];
  remember(submissionId);
  if (added.length > 0) announce(`${plural(added.length, 'file')} added.`);
  fill();
  return { added: added.length, already, leftOut, sheets };
}

/** @param {string} submissionId @param {File} file @param {string} path @param {string | null} known */
function make(submissionId, file, path, known) {
  made += 1;
  const key = `sending-${made}`;
  const problem = refusal(file);
  files.set(key, { file, known });
  /** @type {Sending} */
  const sending = { key, submissionId, path, bytes: file.size, sent: 0, stage: 'waiting', problem };
  return problem ? { ...sending, stage: /** @type {const} */ ('refused') } : sending;
}

/** @param {File} file */
const isArchive = (file) => /\.zip$/i.test(file.name) || /zip/.test(file.type);
/** @param {File} file */
const isList = (file) => /\.(csv|tsv)$/i.test(file.name) || file.type === 'text/csv';

/** @param {File} file */
const isSpreadsheet = (file) => /\.(xlsx|xlsm|xlsb|xls|ods|numbers)$/i.test(file.name);

/**
 * What a folder holds beside recordings is left where it is. A file that does not say what it is
 * may well be one: the service looks at its bytes.
 * @param {File} file
 */
const mayBeOurs = (file) =>
  isArchive(file) || isList(file) || !file.type || /^(image|video)\//.test(file.type);

/** @param {File} file @returns {Problem | null} */
function refusal(file) {
  const limits = vocabulary.value?.limits;
  if (!isArchive(file) && !isList(file)) {
    const most = /** @type {any} */ (limits && { max_bytes: limits.file_bytes });
    return precheck(file, most ?? null);
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
  fill();
}

/** Take a file off the list; the service forgets what it has of it. @param {string} key */
export function cancel(key) {
  running.get(key)?.abort(CANCELLED);
  const gone = uploads.value.find((each) => each.key === key);
  files.delete(key);
  uploads.value = uploads.value.filter((each) => each.key !== key);
  if (gone) remember(gone.submissionId);
}

/** Forget the files of a submission, which is gone or was sent. @param {string} submissionId */
export function forgetUploadsOf(submissionId) {
  for (const { key } of uploads.value.filter((each) => each.submissionId === submissionId)) {
    cancel(key);
  }
  savePending(submissionId, []);
}

/** @param {Sending} sending */
const isOnItsWay = ({ stage }) => stage === 'waiting' || stage === 'sending' || stage === 'paused';

/** Send what waits, as far as lanes are free. */
function fill() {
  for (const { key, stage } of uploads.value) {
    if (running.size >= LANES) return;
    if (stage === 'waiting' && !running.has(key)) void send(key);
  }
  if (running.size === 0) {
    moved = 0;
    secondsLeft.value = null;
  }
}

/** @param {string} key */
async function send(key) {
  const kept = files.get(key);
  const sending = uploads.value.find((each) => each.key === key);
  if (!kept || !sending) return;
  if (running.size === 0) since = performance.now();
  const controller = new AbortController();
  running.set(key, controller);
  try {
    await patiently(sending, kept, controller.signal);
    patch(key, { stage: 'arrived', sent: sending.bytes, problem: null });
    files.delete(key);
  } catch (problem) {
    if (controller.signal.aborted) return;
    if (!(problem instanceof Problem)) throw problem;
    patch(key, { stage: 'refused', problem });
    announce(`${sending.path} was not sent. ${problem.detail}`);
  } finally {
    running.delete(key);
    remember(sending.submissionId);
    fill();
  }
}

/**
 * Until it is there: over lost networks, a busy service, and a session that ended.
 * @param {Sending} sending
 * @param {{file: File, known: string | null}} kept
 * @param {AbortSignal} signal
 */
async function patiently({ key, path, submissionId }, { file, known }, signal) {
  let misses = 0;
  for (;;) {
    // What had arrived before is not how fast it goes now.
    let before = known || misses > 0 ? null : 0;
    patch(key, { stage: 'sending', problem: null });
    try {
      return await sendFile(file, {
        path,
        submissionId,
        known,
        signal,
        onProgress(sent) {
          if (before !== null && sent > before) {
            moved += sent - before;
            misses = 0;
          }
          before = sent;
          patch(key, { sent });
          estimate();
        },
      });
    } catch (problem) {
      if (signal.aborted || !(problem instanceof Problem)) throw problem;
      misses += 1;
      if (!passes(problem, misses)) throw problem;
      patch(key, { stage: 'paused', problem });
      secondsLeft.value = null;
      await (problem.status === 401 ? signedIn(signal) : pause(waitFor(problem, misses), signal));
    }
  }
}

/**
 * Whether trying again may help.
 * @param {Problem} problem
 * @param {number} misses
 */
function passes({ status, busy }, misses) {
  if (status === 0 || status === 401 || busy) return true;
  return (status >= 500 || status === 409 || status === 423) && misses < MOST_FAULTS;
}

/** @param {Problem} problem @param {number} misses */
const waitFor = ({ retryAfter }, misses) =>
  retryAfter ? retryAfter * 1000 : Math.min(1000 * 2 ** (misses - 1), LONGEST_WAIT_MS);

/**
 * For a while, or until the network is back.
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(go, milliseconds);
    window.addEventListener('online', go);
    signal.addEventListener('abort', go);
    function go() {
      clearTimeout(timer);
      window.removeEventListener('online', go);
      signal.removeEventListener('abort', go);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    }
  });
}

/** @param {AbortSignal} signal @returns {Promise<void>} */
function signedIn(signal) {
  return new Promise((resolve, reject) => {
    // Told of the person as it is now at once, before there is anything to stop.
    const stop = user.subscribe((person) => person && queueMicrotask(go));
    signal.addEventListener('abort', go);
    function go() {
      stop();
      if (signal.aborted) reject(signal.reason);
      else resolve();
    }
  });
}

/** From all that went so far: small files are slow for what lies between them. */
function estimate() {
  const missing = uploads.value
    .filter(isOnItsWay)
    .reduce((sum, { bytes, sent }) => sum + bytes - sent, 0);
  const passed = performance.now() - since;
  const known = moved > 0 && passed >= TRUSTED_AFTER_MS;
  secondsLeft.value = known ? ((passed / 1000) * missing) / moved : null;
}

/** Note what is still to come, for after a reload. @param {string} submissionId */
function remember(submissionId) {
  const now = uploads.value.filter((each) => each.submissionId === submissionId);
  const others = readPending(submissionId).filter(
    (note) => !now.some((each) => isSameFile(each, note)),
  );
  const mine = now.filter(isOnItsWay).map(({ path, bytes }) => ({ path, bytes }));
  savePending(submissionId, [...others, ...mine]);
}

/** @param {string} key @param {Partial<Sending>} changes */
function patch(key, changes) {
  uploads.value = uploads.value.map((each) => (each.key === key ? { ...each, ...changes } : each));
}

window.addEventListener('beforeunload', (event) => {
  if (uploads.value.some(isOnItsWay)) event.preventDefault();
});
