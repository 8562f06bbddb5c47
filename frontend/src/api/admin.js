/** The calls of administration: who has which role, and the audit log. */
import { ROOT, request, query, sendJson } from './client.js';

/**
 * @typedef {import('./accounts.js').User} User
 * @typedef {import('./schema.d.ts').AuditEventOut} AuditEvent
 *
 * @typedef {object} AuditFilters
 * @property {string} action
 * @property {string} actor
 * @property {string} subject
 * @property {string} since
 */

/**
 * @param {string} q part of a name or an address
 * @param {string | null} [cursor]
 * @returns {Promise<import('./schema.d.ts').People>}
 */
export const people = (q, cursor = null) => request(`/users${query({ q, cursor })}`);

/**
 * @param {string} id
 * @param {import('./schema.d.ts').PersonIn} changes
 * @returns {Promise<User>}
 */
export const changePerson = (id, changes) =>
  sendJson('PATCH', `/users/${encodeURIComponent(id)}`, changes);

/**
 * @param {AuditFilters} filters
 * @param {string | null} [cursor]
 * @returns {Promise<import('./schema.d.ts').AuditEvents>}
 */
export const audit = (filters, cursor = null) => request(`/audit${query({ ...filters, cursor })}`);

/** @param {AuditFilters} filters */
export const auditCsvUrl = (filters) => `${ROOT}/audit.csv${query({ ...filters })}`;
