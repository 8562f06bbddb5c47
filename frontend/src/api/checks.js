/** The calls of checks: start one, look at what the last ones found. */
import { call } from './call.js';

/**
 * @typedef {import('./schema.d.ts').FindingOut} Finding
 * @typedef {import('./schema.d.ts').CheckRunOut} Check
 */

/** The newest first, without what they found. */
export const checks = () => call('get', '/checks');

/** @param {string} id */
export const check = (id) => call('get', '/checks/{check_id}', { path: { check_id: id } });

/** @param {import('./schema.d.ts').CheckRunIn} wanted */
export const start = (wanted) => call('post', '/checks', { body: wanted });
