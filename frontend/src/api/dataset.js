/** The calls of the dataset: its releases, what is in them, reports, and making the next one. */
import { call } from './call.js';

/**
 * @typedef {import('./schema.d.ts').Counts} Counts
 * @typedef {import('./schema.d.ts').Summary} Summary
 * @typedef {import('./schema.d.ts').Difference} Difference
 * @typedef {import('./schema.d.ts').ReleaseLine} ReleaseLine
 * @typedef {import('./schema.d.ts').ReleaseOut} Release
 * @typedef {import('./schema.d.ts').NextRelease} NextRelease
 * @typedef {import('./schema.d.ts').ItemOut} Item
 */

/** @param {string | null} [cursor] */
export const releases = (cursor = null) => call('get', '/releases', { query: { cursor } });

/** @param {string | number} number */
export const release = (number) => call('get', '/releases/{number}', { path: { number } });

/** What a release made now would hold. */
export const nextRelease = () => call('get', '/releases/next');

/** @param {string} note */
export const makeRelease = (note) => call('post', '/releases', { body: { note } });

/**
 * @param {string | number} number
 * @param {{label: string, probe: string}} filters
 * @param {string | null} cursor
 */
export const releaseItems = (number, filters, cursor) =>
  call('get', '/releases/{number}/items', {
    path: { number },
    query: { ...filters, cursor, limit: 24 },
  });

/**
 * Report that a label is wrong.
 * @param {string | number} number
 * @param {string} id of the item
 * @param {import('./schema.d.ts').ReportIn} report
 */
export const report = (number, id, report) =>
  call('post', '/releases/{number}/items/{item_id}/reports', {
    path: { number, item_id: id },
    body: report,
  });
