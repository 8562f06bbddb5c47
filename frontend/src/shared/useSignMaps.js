/** The maps of the frame that is looked at, fetched once each while one recording is shown. */
import { useEffect, useState } from 'preact/hooks';
import { Problem } from '../api/problem.js';
import { CLASSES } from './classes.js';
import { splitMaps } from './signMaps.js';

/** @typedef {import('./signMaps.js').Maps} Maps */

/**
 * @callback Request of one grey picture with the maps of a frame
 * @param {string} id of a screening, or of a contribution
 * @param {number} n the frame
 * @returns {Promise<Blob>}
 */

/** @type {{id: string, maps: Map<number, Promise<Maps>>}} */
let fetched = { id: '', maps: new Map() };

/**
 * @param {Request} request
 * @param {string} id of what has the frames
 * @param {number} n the frame
 * @param {number | null} next the frame that follows, fetched ahead; null: none
 * @param {boolean} wanted
 * @returns {{maps: Maps | null, problem: string | null}} no maps while they are on their way
 */
export function useSignMaps(request, id, n, next, wanted) {
  const [shown, setShown] = useState({
    n: -1,
    maps: /** @type {Maps | null} */ (null),
    problem: /** @type {string | null} */ (null),
  });
  useEffect(() => {
    if (!wanted) return undefined;
    let over = false;
    load(request, id, n).then(
      (maps) => over || setShown({ n, maps, problem: null }),
      (problem) => over || setShown({ n, maps: null, problem: detail(problem) }),
    );
    if (next !== null) load(request, id, next).catch(() => {}); // told when it is looked at
    return () => (over = true);
  }, [request, id, n, next, wanted]);
  // The maps of another frame would be wrong here.
  return wanted && shown.n === n ? shown : { maps: null, problem: null };
}

/** @param {unknown} problem */
function detail(problem) {
  if (problem instanceof Problem) return problem.detail;
  return problem instanceof Error ? problem.message : String(problem);
}

/**
 * @param {Request} request
 * @param {string} id
 * @param {number} n
 * @returns {Promise<Maps>}
 */
function load(request, id, n) {
  if (fetched.id !== id) fetched = { id, maps: new Map() };
  const { maps } = fetched;
  const known = maps.get(n);
  if (known) return known;
  const coming = fetchMaps(request, id, n);
  coming.catch(() => maps.delete(n)); // so that it is asked for again
  maps.set(n, coming);
  return coming;
}

/**
 * @param {Request} request
 * @param {string} id
 * @param {number} n
 */
async function fetchMaps(request, id, n) {
  const file = await request(id, n);
  const picture = await createImageBitmap(file, { colorSpaceConversion: 'none' });
  const canvas = document.createElement('canvas');
  canvas.width = picture.width;
  canvas.height = picture.height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.drawImage(picture, 0, 0);
  return splitMaps(context.getImageData(0, 0, picture.width, picture.height).data, CLASSES);
}
