/** The cell that another part of the page asks the table to show. */
import { signal } from '@preact/signals';

/** @typedef {{id: string, name: string}} CellRequest a recording and one of its fields */

export const requestedCell = signal(/** @type {CellRequest | null} */ (null));
