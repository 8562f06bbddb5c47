/** Where a frame of a released recording can be seen. */

/** @param {import('../api/dataset.js').Item} item @param {number} n */
export const frameUrl = ({ frame_url }, n) => frame_url.replace('{n}', String(n));
