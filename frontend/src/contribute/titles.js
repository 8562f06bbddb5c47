/** What a submission is called where nobody named it. */
import { day } from '../shared/words.js';

/** @param {Pick<import('../api/submissionShapes.js').Submission, 'title' | 'created_at'>} submission */
export const titleOf = ({ title, created_at }) => title || `Submission of ${day(created_at)}`;
