/** Estimates the time left of an upload from its smoothed speed. */

const SMOOTHING = 0.25;
const TRUSTED_AFTER_MS = 800;

/**
 * @param {() => number} [now] milliseconds
 * @returns {(sent: number, total: number) => number | null} seconds left; null while not known
 */
export function timeLeftEstimator(now = () => performance.now()) {
  const start = now();
  let last = { at: start, sent: 0 };
  let speed = /** @type {number | null} */ (null); // bytes a millisecond
  return (sent, total) => {
    const at = now();
    if (at > last.at && sent > last.sent) {
      const latest = (sent - last.sent) / (at - last.at);
      speed = speed === null ? latest : speed + SMOOTHING * (latest - speed);
      last = { at, sent };
    }
    if (speed === null || at - start < TRUSTED_AFTER_MS) return null;
    return (total - sent) / speed / 1000;
  };
}
