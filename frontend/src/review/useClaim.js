/** The claim on a recording: renewed while the reviewer is active, lost when idle. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Problem } from '../api/problem.js';
import { useNow } from '../shared/useNow.js';
import * as calls from '../api/reviews.js';

/** While the reviewer is active, the claim is renewed after this share of it has passed. */
const RENEW_AFTER = 0.25;
/** Seconds before the end at which the time left becomes a warning. */
export const SOON_S = 120;

const ACTIVITY_EVENTS = ['keydown', 'pointerdown', 'pointermove', 'wheel'];

/**
 * @typedef {object} Claim
 * @property {number} secondsLeft
 * @property {Problem | null} lost why the claim was lost
 * @property {() => Promise<void>} renew
 */

/**
 * @param {string} id of the contribution
 * @param {string | null} until when the claim runs out, as the service said
 * @param {boolean} active false once the verdict is given
 * @returns {Claim}
 */
export function useClaim(id, until, active) {
  const [end, setEnd] = useState(() => epochOf(until));
  const [lost, setLost] = useState(/** @type {Problem | null} */ (null));
  const length = useRef(end - Date.now());
  const asking = useRef(false);
  const now = useNow(active);
  useEffect(() => {
    length.current = epochOf(until) - Date.now();
    setEnd(epochOf(until));
  }, [until]);
  const renew = useCallback(async () => {
    if (asking.current) return;
    asking.current = true;
    try {
      const claim = await calls.claim(id);
      const next = epochOf(claim.claimed_until ?? null);
      length.current = next - Date.now();
      setEnd(next);
      setLost(null);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      // Without an answer the claim may well hold; another's claim or a decision ends it.
      if (problem.status >= 400 && problem.status < 500 && !problem.busy) setLost(problem);
    } finally {
      asking.current = false;
    }
  }, [id]);
  useEffect(() => {
    if (!active || lost) return undefined;
    function onActivity() {
      const left = end - Date.now();
      if (left > 0 && left < length.current * (1 - RENEW_AFTER)) void renew();
    }
    for (const name of ACTIVITY_EVENTS)
      window.addEventListener(name, onActivity, { passive: true });
    return () => {
      for (const name of ACTIVITY_EVENTS) window.removeEventListener(name, onActivity);
    };
  }, [active, lost, end, renew]);
  return { secondsLeft: Math.max(0, Math.ceil((end - now) / 1000)), lost, renew };
}

/** @param {string | null} iso @returns {number} epoch milliseconds */
const epochOf = (iso) => (iso ? Date.parse(iso) : Date.now());
