/** The pictures of a cine, fetched some at a time and kept until the next recording. */

const AT_ONCE = 6;

/**
 * @param {readonly string[]} urls
 * @param {object} options
 * @param {(images: readonly (HTMLImageElement | null)[], done: number) => void} options.onFrame
 *   told after each picture; those not there yet are null
 * @param {AbortSignal} options.signal
 * @returns {Promise<void>} fails when a picture does not come
 */
export async function loadFrames(urls, { onFrame, signal }) {
  /** @type {(HTMLImageElement | null)[]} */
  const images = urls.map(() => null);
  let next = 0;
  let done = 0;
  async function fetchSome() {
    while (next < urls.length && !signal.aborted) {
      const n = next;
      next += 1;
      const image = await picture(urls[n]);
      if (signal.aborted) return;
      images[n] = image;
      done += 1;
      onFrame(images, done);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, fetchSome));
}

/** @param {string} url @returns {Promise<HTMLImageElement>} */
function picture(url) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error('A frame of the recording could not be loaded.'));
    image.src = url;
  });
}
