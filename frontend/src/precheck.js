/** What can be said about a file before a byte of it is sent. */
import { Problem } from './problem.js';
import { size } from './words.js';

/**
 * Why a file need not be sent. Its real type is the service's to find out, from its bytes: only a
 * file that says itself that it is neither picture nor video is refused here.
 * @param {{size: number, type: string}} file
 * @param {import('./shapes.js').Limits | null} limits
 * @returns {Problem | null}
 */
export function objection(file, limits) {
  if (file.size === 0) {
    return new Problem({ code: 'empty_file', detail: 'The file is empty.' });
  }
  if (limits && file.size > limits.max_bytes) {
    return new Problem({
      code: 'file_too_large',
      detail: `The file has ${size(file.size)}; at most ${size(limits.max_bytes)} are taken.`,
    });
  }
  if (file.type && !/^(image|video)\//.test(file.type)) {
    return new Problem({
      code: 'unsupported_type',
      detail: 'The file is neither a picture nor a video.',
    });
  }
  return null;
}
