/** The calls of screening: limits, recordings, answers. */
import { call } from './call.js';
import { ROOT, csrfHeaders, requestFile } from './client.js';
import { noAnswer, problemFrom } from './problem.js';

/**
 * @typedef {import('./schema.d.ts').Limits} Limits
 * @typedef {import('./schema.d.ts').RecordingOut} Recording one image or video, as uploaded
 * @typedef {import('./schema.d.ts').ScreeningOut} Screening
 * @typedef {import('./schema.d.ts').Result} Result
 * @typedef {import('./schema.d.ts').FrameAnswer} FrameAnswer
 * @typedef {import('./schema.d.ts').Probabilities} Probabilities each 0 to 1, together 1
 * @typedef {keyof Probabilities} ClassKey
 * @typedef {import('./schema.d.ts').SignFinding} SignFinding
 * @typedef {keyof import('./schema.d.ts').FrameSigns} SignKey
 * @typedef {import('./schema.d.ts').Probe} Probe
 * @typedef {import('./schema.d.ts').Crop} Square a square part of a picture, in source pixels
 */

/** @param {string} id */
const ofRecording = (id) => ({ recording_id: id });

/** @param {string} id */
const ofScreening = (id) => ({ screening_id: id });

export const limits = () => call('get', '/limits');

/** @param {string} id */
export const recording = (id) =>
  call('get', '/recordings/{recording_id}', { path: ofRecording(id) });

/** @param {string} id */
export const screening = (id) =>
  call('get', '/screenings/{screening_id}', { path: ofScreening(id) });

/**
 * Ask for an answer about a recording that is already there.
 * @param {string} recordingId
 * @param {Square} crop
 * @param {Probe} probe that it is screened as
 */
export const screen = (recordingId, crop, probe) =>
  call('post', '/screenings', { body: { recording_id: recordingId, crop, probe } });

/**
 * Ask for the class of a recording that is not answered for; only somebody signed in may.
 * @param {string} id of the screening
 */
export const answerAnyway = (id) =>
  call('post', '/screenings/{screening_id}/answer-anyway', { path: ofScreening(id) });

/**
 * The maps of a frame, as one grey picture: see `splitMaps`.
 * @param {string} screeningId
 * @param {number} n
 */
export const signMaps = (screeningId, n) =>
  requestFile(`/screenings/${encodeURIComponent(screeningId)}/frames/${n}/signs.png`);

/**
 * Delete a recording with its screenings. The request is finished even when the page is closed.
 * @param {string} id
 */
export const removeRecording = (id) =>
  call('delete', '/recordings/{recording_id}', { path: ofRecording(id), keepalive: true });

/**
 * Delete one screening. The request is finished even when the page is closed.
 * @param {string} id
 */
export const removeScreening = (id) =>
  call('delete', '/screenings/{screening_id}', { path: ofScreening(id), keepalive: true });

/**
 * Where the frame number `n` of a screening can be seen.
 * @param {string} screeningId
 * @param {number} n
 */
export const frameUrl = (screeningId, n) =>
  `${ROOT}/screenings/${encodeURIComponent(screeningId)}/frames/${n}.jpg`;

/**
 * News of a screening, as the service sends them.
 * @param {string} screeningId
 */
export const events = (screeningId) =>
  new EventSource(`${ROOT}/screenings/${encodeURIComponent(screeningId)}/events`);

/**
 * Send one file.
 * @param {File} file
 * @param {object} options
 * @param {(sent: number, total: number) => void} options.onProgress
 * @param {AbortSignal} options.signal
 * @returns {Promise<Recording>}
 */
export function upload(file, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch tells nothing about how much has left
    request.open('POST', `${ROOT}/recordings`);
    request.upload.onprogress = (event) => onProgress(event.loaded, event.total);
    request.onerror = () => reject(noAnswer());
    request.onabort = () => reject(signal.reason);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300)
        return resolve(JSON.parse(request.response));
      const retryAfter = request.getResponseHeader('Retry-After');
      return reject(problemFrom(request.status, request.response, retryAfter));
    };
    for (const [name, value] of Object.entries(csrfHeaders()))
      request.setRequestHeader(name, value);
    signal.addEventListener('abort', () => request.abort(), { once: true });
    const form = new FormData();
    form.append('file', file, file.name);
    request.send(form);
  });
}
