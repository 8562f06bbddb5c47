/** The calls of checks: start one, look at what the last ones found. */
import { request, sendJson } from './client.js';

/**
 * @typedef {import('./schema.d.ts').FindingOut} Finding
 * @typedef {import('./schema.d.ts').CheckRunOut} Check
 */

/** @returns {Promise<import('./schema.d.ts').CheckRuns>} the newest first, without what they found */
export const checks = () => request('/checks');

/**
 * @param {string} id
 * @returns {Promise<import('./schema.d.ts').CheckRunDetail>}
 */
export const check = (id) => request(`/checks/${encodeURIComponent(id)}`);

/**
 * @param {import('./schema.d.ts').CheckRunIn} wanted
 * @returns {Promise<Check>}
 */
export const start = (wanted) => sendJson('POST', '/checks', wanted);
