/** The calls of administration: who has which role, and the audit log. */
import { call } from './call.js';
import { ROOT, query } from './client.js';

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
 */
export const people = (q, cursor = null) => call('get', '/users', { query: { q, cursor } });

/**
 * @param {string} id
 * @param {import('./schema.d.ts').PersonIn} changes
 */
export const changePerson = (id, changes) =>
  call('patch', '/users/{user_id}', { path: { user_id: id }, body: changes });

/**
 * @param {AuditFilters} filters
 * @param {string | null} [cursor]
 */
export const audit = (filters, cursor = null) =>
  call('get', '/audit', { query: { ...filters, cursor } });

/** @param {AuditFilters} filters */
export function auditCsvUrl(filters) {
  /** @type {import('./callTypes.d.ts').QueryOf<'/audit.csv'>} */
  const given = filters;
  return `${ROOT}/audit.csv${query(given)}`;
}
