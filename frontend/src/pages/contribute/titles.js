/** What a submission is called where nobody named it. */
import { day } from '../../words.js';

/** @param {Pick<import('../../contribute/shapes.js').Submission, 'title' | 'created_at'>} submission */
export const titleOf = ({ title, created_at }) => title || `Submission of ${day(created_at)}`;
