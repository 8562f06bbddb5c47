/** Playing a cine at its true rate: the clock decides which frame is shown, not a timer. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { advance, frameAt, nextRate } from './playback.js';

/**
 * @param {readonly number[]} times when each frame begins, in seconds
 * @param {{from: number, to: number}} part what is played
 */
export function usePlayer(times, { from, to }) {
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [rate, setRate] = useState(1);
  const [loop, setLoop] = useState(true);
  const moment = useRef(0);
  useEffect(() => {
    if (!playing || times.length < 2) return undefined;
    let before = performance.now();
    let request = requestAnimationFrame(onFrame);
    /** @param {number} now */
    function onFrame(now) {
      const elapsed = Math.max(0, now - before) / 1000;
      before = now;
      const next = advance(moment.current, elapsed * rate, { from, to, loop });
      moment.current = next.moment;
      setAt(Math.min(frameAt(times, next.moment), lastOf(times, to)));
      if (next.ended) setPlaying(false);
      else request = requestAnimationFrame(onFrame);
    }
    return () => cancelAnimationFrame(request);
  }, [playing, times, from, to, rate, loop]);
  /** @param {number} n */
  function seek(n) {
    const place = Math.min(Math.max(0, times.length - 1), Math.max(0, n));
    moment.current = times[place] ?? 0;
    setAt(place);
  }
  return {
    at,
    playing,
    rate,
    loop,
    /** Go to a frame and stay there. @param {number} n */
    seek(n) {
      setPlaying(false);
      seek(n);
    },
    play() {
      if (moment.current >= to || moment.current < from) seek(frameAt(times, from));
      setPlaying(true);
    },
    stop: () => setPlaying(false),
    /** @param {1 | -1} step */
    change: (step) => setRate(nextRate(rate, step)),
    toggleLoop: () => setLoop(!loop),
  };
}

/** @typedef {ReturnType<typeof usePlayer>} Player */

/**
 * The last frame of the part: one that begins just where it ends is not of it any more.
 * @param {readonly number[]} times
 * @param {number} to
 */
function lastOf(times, to) {
  const n = frameAt(times, to);
  return n > 0 && times[n] >= to ? n - 1 : n;
}
