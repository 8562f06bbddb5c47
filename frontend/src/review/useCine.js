/** The cine of a recording: when each frame begins, and the frames as they arrive. */
import { useEffect, useState } from 'preact/hooks';
import { Problem } from '../api/problem.js';
import * as calls from '../api/reviews.js';
import { loadFrames } from './frames.js';

/** How long until the service is asked again for frames that it is still making. */
const AGAIN_MS = 1500;

/**
 * @typedef {object} Loaded
 * @property {number[]} times
 * @property {readonly (HTMLImageElement | null)[]} images
 * @property {number} done how many frames are there
 * @property {boolean} preparing the service is still making them
 * @property {string | null} failed
 */

/** @type {Loaded} */
const NOTHING = { times: [], images: [], done: 0, preparing: false, failed: null };

/**
 * @param {string} id of the contribution
 * @returns {Loaded}
 */
export function useCine(id) {
  const [loaded, setLoaded] = useState(NOTHING);
  useEffect(() => {
    const controller = new AbortController();
    /** @param {Partial<Loaded>} news */
    const tell = (news) => {
      if (!controller.signal.aborted) setLoaded((before) => ({ ...before, ...news }));
    };
    setLoaded(NOTHING);
    void fetchAll(id, tell, controller.signal);
    return () => controller.abort();
  }, [id]);
  return loaded;
}

/**
 * @param {string} id
 * @param {(news: Partial<Loaded>) => void} tell
 * @param {AbortSignal} signal
 */
async function fetchAll(id, tell, signal) {
  try {
    let cine = await calls.cine(id);
    while (cine.times_s.length === 0 && !signal.aborted) {
      tell({ preparing: true });
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      cine = await calls.cine(id);
    }
    if (signal.aborted) return;
    const { times_s, frame_url } = cine;
    tell({ times: times_s, preparing: false });
    const urls = times_s.map((_, n) => frame_url.replace('{n}', String(n)));
    await loadFrames(urls, {
      signal,
      onFrame: (images, done) => tell({ images: [...images], done }),
    });
  } catch (problem) {
    if (problem instanceof Problem) tell({ failed: problem.detail, preparing: false });
    else if (problem instanceof Error) tell({ failed: problem.message, preparing: false });
  }
}
