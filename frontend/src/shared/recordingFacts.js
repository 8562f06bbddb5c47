/** A recording and the limits in a few plain words. */
import { depth, duration, plural, fileSize } from './format.js';

/**
 * @typedef {import('../api/screenings.js').Recording} Recording
 *
 * @param {Pick<Recording, 'kind' | 'format' | 'width' | 'height' | 'duration_s' | 'sampled_frames'
 *   | 'bytes' | 'depth_mm'>} recording
 * @returns {string[]}
 */
export function recordingFacts(recording) {
  const { kind, format, width, height, duration_s, sampled_frames, bytes, depth_mm } = recording;
  return [
    `${kind === 'video' ? 'Video' : 'Image'}, ${formatName(format)}`,
    `${width} × ${height} pixels`,
    ...(duration_s ? [duration(duration_s)] : []),
    ...(kind === 'video' ? [`${plural(sampled_frames, 'frame')} to screen`] : []),
    ...(depth_mm ? [depth(depth_mm)] : []),
    fileSize(bytes),
  ];
}

/**
 * A file type as people write it: `image/jpeg`, `.jpeg` and `jpeg` are all JPEG.
 * @param {string} type
 */
export function formatName(type) {
  const bare = type
    .replace(/^(image|video|application)\//, '')
    .replace(/^\.|^x-|^vnd\./, '')
    .toLowerCase();
  return NAMES[bare] ?? bare.toUpperCase();
}

/** @type {Record<string, string>} */
const NAMES = {
  webp: 'WebP',
  webm: 'WebM',
  quicktime: 'MOV',
  msvideo: 'AVI',
  jpg: 'JPEG',
  'ms-bmp': 'BMP',
  tif: 'TIFF',
  mpg: 'MPEG',
};
