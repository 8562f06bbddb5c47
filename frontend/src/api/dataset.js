/** The calls of the dataset: its releases, what is in them, reports, and making the next one. */
import { request, query, sendJson } from './client.js';

/**
 * @typedef {{videos: number, images: number, frames: number}} Counts
 * @typedef {{label: string, convex: Counts, linear: Counts}} ClassCounts
 *
 * @typedef {object} Summary
 * @property {number} [left_out] recordings that no model may learn from
 * @property {number} recordings
 * @property {number} frames
 * @property {number} patients
 * @property {ClassCounts[]} classes
 * @property {Record<string, number>} licences
 *
 * @typedef {object} Difference
 * @property {number | null} since
 * @property {string[]} added
 * @property {string[]} withdrawn
 * @property {{id: string, before: string, after: string}[]} relabelled
 * @property {string[]} corrected
 *
 * @typedef {object} ReleaseLine
 * @property {number} number
 * @property {'queued' | 'running' | 'done' | 'failed' | 'cancelled'} state
 * @property {string} created_at
 * @property {string | null} finished_at
 * @property {string} note
 * @property {string | null} error
 * @property {{done: number, total: number}} progress
 * @property {Summary | null} summary
 * @property {number | null} archive_bytes
 *
 * @typedef {object} ReleaseDetail
 * @property {Difference | null} diff
 * @property {{name: string, bytes: number, sha256: string}[]} files
 * @property {string[]} withdrawn
 * @property {string} archive_url
 * @property {string} csv_url
 * @property {string} croissant_url
 *
 * @typedef {ReleaseLine & ReleaseDetail} Release
 *
 * @typedef {object} NextRelease
 * @property {boolean} ready
 * @property {string | null} reason
 * @property {number} waiting_for_ingest
 * @property {Summary} summary
 * @property {Difference} diff
 *
 * @typedef {object} Item
 * @property {string} id
 * @property {string} label
 * @property {string} probe
 * @property {string} kind
 * @property {string} licence
 * @property {string} licence_url
 * @property {string} attribution
 * @property {number | null} patient
 * @property {number} fold
 * @property {number} frames
 * @property {string} comment
 * @property {Record<string, boolean>} findings
 * @property {boolean} withdrawn
 * @property {string} frame_url
 */

/**
 * @param {number | null} [before]
 * @returns {Promise<{items: ReleaseLine[], next: number | null}>}
 */
export const releases = (before = null) => request(`/releases${query({ before })}`);

/** @param {string | number} number @returns {Promise<Release>} */
export const release = (number) => request(`/releases/${encodeURIComponent(number)}`);

/** @returns {Promise<NextRelease>} what a release made now would hold */
export const nextRelease = () => request('/releases/next');

/** @param {string} note @returns {Promise<ReleaseLine>} */
export const makeRelease = (note) => sendJson('POST', '/releases', { note });

/**
 * @param {string | number} number
 * @param {{label: string, probe: string}} filters
 * @param {string | null} after
 * @returns {Promise<{items: Item[], next: string | null}>}
 */
export const releaseItems = (number, filters, after) =>
  request(
    `/releases/${encodeURIComponent(number)}/items${query({ ...filters, after, limit: 24 })}`,
  );

/**
 * Say that a label is wrong.
 * @param {string | number} number
 * @param {string} id of the item
 * @param {{label: string | null, message: string}} report
 */
export const report = (number, id, report) =>
  sendJson(
    'POST',
    `/releases/${encodeURIComponent(number)}/items/${encodeURIComponent(id)}/reports`,
    report,
  );
