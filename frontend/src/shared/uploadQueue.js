/** A queue of uploads: a few at a time, in the order in which they were added. */

const AT_ONCE = 3;

/**
 * @template T what is needed to send one upload, its file above all
 * @param {object} options
 * @param {() => string[]} options.waiting the keys of the uploads that wait, the next one first
 * @param {(key: string, payload: T, signal: AbortSignal) => Promise<void>} options.send
 *   sends one and records how it ended
 * @param {() => void} [options.onIdle] called when nothing is being sent any more
 */
export function uploadQueue({ waiting, send, onIdle = () => {} }) {
  /** @type {Map<string, T>} */
  const payloads = new Map();

  /** @type {Map<string, AbortController>} */
  const running = new Map();

  /** Start uploads that wait, up to the number that may run at once. */
  function start() {
    for (const key of waiting()) {
      if (running.size >= AT_ONCE) return;
      const payload = payloads.get(key);
      if (payload !== undefined && !running.has(key)) void run(key, payload);
    }
    if (running.size === 0) onIdle();
  }

  /** @param {string} key @param {T} payload */
  async function run(key, payload) {
    const controller = new AbortController();
    running.set(key, controller);
    try {
      await send(key, payload, controller.signal);
    } finally {
      running.delete(key);
      start();
    }
  }

  /** Stop one that is being sent. @param {string} key @param {unknown} [reason] */
  const stop = (key, reason) => running.get(key)?.abort(reason);

  return {
    start,
    stop,
    /** @param {string} key @param {T} payload */
    add: (key, payload) => void payloads.set(key, payload),
    /** Whether the payload is still there, so that it can be sent again. @param {string} key */
    has: (key) => payloads.has(key),
    /** Stop it and drop its payload. @param {string} key @param {unknown} [reason] */
    remove(key, reason) {
      stop(key, reason);
      payloads.delete(key);
    },
  };
}
