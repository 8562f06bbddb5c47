/** Deletions that can be undone for a few seconds: the service is told only afterwards. */
import { signal } from '@preact/signals';

export const UNDO_MS = 8000;

/**
 * @template T what is deleted at once
 * @param {object} actions
 * @param {(deletion: T) => Promise<void>} actions.carryOut deletes it on the service
 * @param {(deletion: T) => void} actions.restore shows it again
 */
export function undoableDeletion({ carryOut, restore }) {
  /** What is off the page but not yet deleted on the service, the latest last. */
  const pending = signal(/** @type {T[]} */ ([]));

  /** @type {Map<T, ReturnType<typeof setTimeout>>} */
  const timers = new Map();

  /** @param {T} deletion */
  function settle(deletion) {
    clearTimeout(timers.get(deletion));
    timers.delete(deletion);
    pending.value = pending.value.filter((other) => other !== deletion);
  }

  /** @param {T} deletion */
  async function deleteNow(deletion) {
    settle(deletion);
    await carryOut(deletion);
  }

  return {
    pending,
    /** Carry the deletion out after `UNDO_MS`, unless it is undone. @param {T} deletion */
    schedule(deletion) {
      timers.set(
        deletion,
        setTimeout(() => void deleteNow(deletion), UNDO_MS),
      );
      pending.value = [...pending.value, deletion];
    },
    /** Undo the latest one. */
    undo() {
      const last = pending.value.at(-1);
      if (!last) return;
      settle(last);
      restore(last);
    },
    /** Carry out at once whatever is pending, because the page is left or the rest is sent. */
    async deleteAllNow() {
      await Promise.all(pending.value.map(deleteNow));
    },
  };
}
