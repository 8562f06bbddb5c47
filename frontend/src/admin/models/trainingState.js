/** The states of a training. */

/** @param {import('../../api/training.js').Training} training */
export const isUnderWay = ({ state }) => state === 'queued' || state === 'running';
