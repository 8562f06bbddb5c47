/** A delivery's state in words. */
import { dateTime, plural } from './format.js';

/** @param {import('../api/dicom.js').Delivery} delivery */
export function deliveryState({ state, tries, finished_at, next_try_at }) {
  if (state === 'done') return `Delivered${finished_at ? ` ${dateTime(finished_at)}` : ''}`;
  if (state === 'failed') return `Failed after ${plural(tries, 'try', 'tries')}`;
  if (state === 'running') return 'Being sent';
  return next_try_at && tries > 0 ? `Waiting, next try ${dateTime(next_try_at)}` : 'Waiting';
}

/** @param {import('../api/dicom.js').Delivery} delivery */
export const isUnderWay = ({ state }) => state === 'queued' || state === 'running';
