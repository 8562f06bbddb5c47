/** The limits of the service, and whether it responds. */
import { signal } from '@preact/signals';
import * as api from '../api/screenings.js';

export const limits = signal(/** @type {import('../api/screenings.js').Limits | null} */ (null));

export const reachable = signal(true);

const RETRY_MS = 5000;

/** Ask for the limits until they are there. */
export async function loadLimits() {
  try {
    limits.value = await api.limits();
    reachable.value = true;
  } catch {
    reachable.value = false; // shown as a banner; asked again below
    setTimeout(loadLimits, RETRY_MS);
  }
}
