/** Checks of a file before it is uploaded. */
import { Problem } from '../api/problem.js';
import { fileSize } from './format.js';

/** What a browser, by the name alone, takes for a text, a sound or a document. */
const NO_RECORDING = /^(text|audio|font)\/|^application\/(pdf|json|xml|rtf|javascript|msword)$/;

/**
 * Why a file need not be sent. Its real type is the service's to find out, from its bytes, and so is
 * the advice what to do instead (with DICOM, for example): a browser knows only the file's name. So
 * what it cannot name, or names by a type that recordings come under too, is sent.
 * @param {{size: number, type: string}} file
 * @param {{max_bytes: number} | null} limits
 * @returns {Problem | null}
 */
export function precheck(file, limits) {
  if (file.size === 0) {
    return new Problem({
      code: 'empty_file',
      detail: 'The file is empty: choose the recording again.',
    });
  }
  if (limits && file.size > limits.max_bytes) {
    return new Problem({
      code: 'file_too_large',
      detail: `The file is ${fileSize(file.size)}; the limit is ${fileSize(limits.max_bytes)}. Export a shorter clip or a smaller picture.`,
    });
  }
  if (NO_RECORDING.test(file.type)) {
    return new Problem({
      code: 'unsupported_type',
      detail: 'The file is neither an image nor a video. Export it as MP4, AVI, GIF, PNG or JPEG.',
    });
  }
  return null;
}
