/** What the service says of DICOM. */

/**
 * @param {Partial<import('../../src/api/dicom.js').Instance>} [changes]
 * @returns {import('../../src/api/dicom.js').Instance}
 */
export const makeInstance = (changes) => ({
  sop_instance_uid: '1.2.840.1.3',
  study_instance_uid: '1.2.840.1.1',
  series_instance_uid: '1.2.840.1.2',
  sop_class_uid: '1.2.840.10008.5.1.4.1.1.3.1',
  service: 'c_store',
  calling_ae_title: 'WARD3',
  received_at: '2026-03-01T10:00:00Z',
  recording_id: 'rec-1',
  screening_id: 'scr-1',
  status: 'done',
  ...changes,
});

/**
 * @param {Partial<import('../../src/api/dicom.js').Delivery>} [changes]
 * @returns {import('../../src/api/dicom.js').Delivery}
 */
export const makeDelivery = (changes) => ({
  id: 'delivery-1',
  screening_id: 'scr-1',
  peer: 'pacs',
  state: 'queued',
  created_at: '2026-03-01T10:00:02Z',
  finished_at: null,
  tries: 1,
  next_try_at: '2026-03-01T10:00:20Z',
  problem: null,
  ...changes,
});

/**
 * @param {Partial<import('../../src/api/dicom.js').Peer>} [changes]
 * @returns {import('../../src/api/dicom.js').Peer}
 */
export const makePeer = (changes) => ({
  name: 'pacs',
  service: 'c_store',
  queued: 1,
  running: 0,
  failed: 0,
  ...changes,
});
