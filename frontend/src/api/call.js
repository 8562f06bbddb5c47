/** Calls of the API, whose parameters, bodies and answers have the types of its document. */
import { query, request, sendJson } from './client.js';

/**
 * The path with its parameters filled in: `/users/{user_id}` becomes `/users/17`.
 * @param {string} path
 * @param {Record<string, string | number>} values
 */
const fill = (path, values) =>
  path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values[name]));

/**
 * Call the API; the answer is undefined where it has no body.
 * @type {import('./callTypes.d.ts').Call}
 */
export const call = (method, path, ...[input]) => {
  const address = fill(path, input?.path ?? {}) + query(input?.query ?? {});
  if (method === 'post') return sendJson('POST', address, input?.body);
  if (method === 'patch') return sendJson('PATCH', address, input?.body);
  return request(address, { method: method.toUpperCase(), keepalive: input?.keepalive });
};
