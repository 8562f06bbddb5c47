/** The calls of administration: who has which role, and the audit log. */
import { ROOT, request, query, sendJson } from './client.js';

/**
 * @typedef {import('./shapes.js').User} User
 *
 * @typedef {object} AuditEvent
 * @property {number} id
 * @property {string} at
 * @property {string | null} actor_id
 * @property {string | null} [actor_name]
 * @property {string} actor_role
 * @property {string} action
 * @property {string} subject_kind
 * @property {string} subject_id
 * @property {Record<string, unknown>} detail
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
 * @returns {Promise<{items: User[], next: string | null}>}
 */
export const people = (q, cursor = null) => request(`/users${query({ q, cursor })}`);

/**
 * @param {string} id
 * @param {{role?: string, disabled?: boolean}} changes
 * @returns {Promise<User>}
 */
export const changePerson = (id, changes) =>
  sendJson('PATCH', `/users/${encodeURIComponent(id)}`, changes);

/**
 * @param {AuditFilters} filters
 * @param {string | null} [cursor]
 * @returns {Promise<{items: AuditEvent[], next: string | null}>}
 */
export const audit = (filters, cursor = null) => request(`/audit${query({ ...filters, cursor })}`);

/** @param {AuditFilters} filters */
export const auditCsvUrl = (filters) => `${ROOT}/audit.csv${query({ ...filters })}`;
