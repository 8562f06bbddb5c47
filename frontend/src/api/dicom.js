/** The calls of DICOM: what came from machines and PACS, and answers that go back to them. */
import { call } from './call.js';
import { ROOT } from './client.js';

/**
 * @typedef {import('./schema.d.ts').InstanceOut} Instance
 * @typedef {import('./schema.d.ts').DeliveryOut} Delivery
 * @typedef {import('./schema.d.ts').PeerOut} Peer
 */

export const peers = () => call('get', '/dicom/peers');

/** @param {string | null} [cursor] */
export const instances = (cursor = null) => call('get', '/dicom/instances', { query: { cursor } });

/** @param {string | null} [cursor] */
export const deliveries = (cursor = null) =>
  call('get', '/dicom/deliveries', { query: { cursor } });

/** @param {string} id */
export const deliveriesOf = (id) =>
  call('get', '/screenings/{screening_id}/deliveries', { path: { screening_id: id } });

/**
 * Queue a screening's answer for a peer; once more if it had ended.
 * @param {string} id
 * @param {string} peer its name
 */
export const deliver = (id, peer) =>
  call('post', '/screenings/{screening_id}/deliveries', {
    path: { screening_id: id },
    body: { peer },
  });

/** Where a screening's structured report can be downloaded. @param {string} id */
export const reportUrl = (id) => `${ROOT}/screenings/${id}/report.dcm`;
