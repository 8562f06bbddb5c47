/** The calls of checks: start one, look at what the last ones found. */
import { request, sendJson } from './client.js';

/**
 * @typedef {object} Finding
 * @property {string} kind
 * @property {string} subject
 * @property {string} id
 * @property {string} text
 * @property {string} advice
 * @property {boolean} mendable
 * @property {boolean} mended
 *
 * @typedef {object} Check
 * @property {string} id
 * @property {'queued' | 'running' | 'done' | 'failed'} state
 * @property {boolean} deep
 * @property {boolean} fix
 * @property {string} created_at
 * @property {string | null} finished_at
 * @property {string} stage
 * @property {number} looked_at
 * @property {string[]} ended
 * @property {Record<string, {found: number, mendable: number, mended: number}>} counts
 * @property {string | null} error
 */

/** @returns {Promise<{items: Check[]}>} the newest first, without what they found */
export const checks = () => request('/checks');

/**
 * @param {string} id
 * @returns {Promise<Check & {findings: Finding[]}>}
 */
export const check = (id) => request(`/checks/${encodeURIComponent(id)}`);

/**
 * @param {{deep?: boolean, fix?: boolean}} wanted
 * @returns {Promise<Check>}
 */
export const start = (wanted) => sendJson('POST', '/checks', wanted);
