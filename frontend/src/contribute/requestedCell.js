/** The cell, or the recording, that another part of the page asks the table to show. */
import { signal } from '@preact/signals';

/** @typedef {{id: string, name: string}} CellRequest a recording and one of its fields */

/** The recording, by its id, that another part of the page asks to show large. */
export const requestedPreview = signal(/** @type {string | null} */ (null));

export const requestedCell = signal(/** @type {CellRequest | null} */ (null));
