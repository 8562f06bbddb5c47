/** The time of day as a value that changes, for countdowns. */
import { useEffect, useState } from 'preact/hooks';

/**
 * @param {boolean} active
 * @returns {number} epoch milliseconds
 */
export function useNow(active) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!active) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}
