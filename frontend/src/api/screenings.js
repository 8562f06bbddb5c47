/** The calls of screening: limits, recordings, answers. */
import { noAnswer, problemFrom } from './problem.js';
import { ROOT, request, csrfHeaders, sendJson } from './client.js';

/**
 * @typedef {import('./schema.d.ts').Limits} Limits
 * @typedef {import('./schema.d.ts').RecordingOut} Recording one image or video, as uploaded
 * @typedef {import('./schema.d.ts').ScreeningOut} Screening
 * @typedef {import('./schema.d.ts').Result} Result
 * @typedef {import('./schema.d.ts').FrameAnswer} FrameAnswer
 * @typedef {import('./schema.d.ts').Probabilities} Probabilities each 0 to 1, together 1
 * @typedef {keyof Probabilities} ClassKey
 * @typedef {import('./schema.d.ts').Crop} Square a square part of a picture, in source pixels
 */

/** @returns {Promise<Limits>} */
export const limits = () => request('/limits');

/** @param {string} id @returns {Promise<Recording>} */
export const recording = (id) => request(`/recordings/${encodeURIComponent(id)}`);

/** @param {string} id @returns {Promise<Screening>} */
export const screening = (id) => request(`/screenings/${encodeURIComponent(id)}`);

/**
 * Ask for an answer about a recording that is already there.
 * @param {string} recordingId
 * @param {Square} crop
 * @returns {Promise<Screening>}
 */
export function screen(recordingId, crop) {
  return sendJson('POST', '/screenings', { recording_id: recordingId, crop });
}

/**
 * Delete a recording with its screenings, or one screening.
 * The request is finished even when the page is closed.
 * @param {'recordings' | 'screenings'} what
 * @param {string} id
 * @returns {Promise<void>}
 */
export async function remove(what, id) {
  await request(`/${what}/${encodeURIComponent(id)}`, { method: 'DELETE', keepalive: true });
}

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
