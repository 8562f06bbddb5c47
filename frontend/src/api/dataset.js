/** The calls of the dataset: its releases, what is in them, reports, and making the next one. */
import { request, query, sendJson } from './client.js';

/**
 * @typedef {import('./schema.d.ts').Counts} Counts
 * @typedef {import('./schema.d.ts').Summary} Summary
 * @typedef {import('./schema.d.ts').Difference} Difference
 * @typedef {import('./schema.d.ts').ReleaseLine} ReleaseLine
 * @typedef {import('./schema.d.ts').ReleaseOut} Release
 * @typedef {import('./schema.d.ts').NextRelease} NextRelease
 * @typedef {import('./schema.d.ts').ItemOut} Item
 */

/**
 * @param {string | null} [cursor]
 * @returns {Promise<import('./schema.d.ts').ReleasePage>}
 */
export const releases = (cursor = null) => request(`/releases${query({ cursor })}`);

/** @param {string | number} number @returns {Promise<Release>} */
export const release = (number) => request(`/releases/${encodeURIComponent(number)}`);

/** @returns {Promise<NextRelease>} what a release made now would hold */
export const nextRelease = () => request('/releases/next');

/** @param {string} note @returns {Promise<ReleaseLine>} */
export const makeRelease = (note) => sendJson('POST', '/releases', { note });

/**
 * @param {string | number} number
 * @param {{label: string, probe: string}} filters
 * @param {string | null} cursor
 * @returns {Promise<import('./schema.d.ts').ItemPage>}
 */
export const releaseItems = (number, filters, cursor) =>
  request(
    `/releases/${encodeURIComponent(number)}/items${query({ ...filters, cursor, limit: 24 })}`,
  );

/**
 * Say that a label is wrong.
 * @param {string | number} number
 * @param {string} id of the item
 * @param {import('./schema.d.ts').ReportIn} report
 */
export const report = (number, id, report) =>
  sendJson(
    'POST',
    `/releases/${encodeURIComponent(number)}/items/${encodeURIComponent(id)}/reports`,
    report,
  );
