/** The cell that something outside the table leads to. */
import { signal } from '@preact/signals';

/** @typedef {{id: string, name: string}} Pointed a recording and one of its fields */

export const requestedCell = signal(/** @type {Pointed | null} */ (null));
