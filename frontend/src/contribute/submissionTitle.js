/** What a submission is called where nobody named it. */
import { date } from '../shared/format.js';

/** @param {Pick<import('../api/submissions.js').Submission, 'title' | 'created_at'>} submission */
export const submissionTitle = ({ title, created_at }) =>
  title || `Submission of ${date(created_at)}`;
