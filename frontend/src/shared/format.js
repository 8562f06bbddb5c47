/** Formats numbers, sizes and times for people. */

/**
 * A probability as a percentage that never claims certainty.
 * @param {number} probability 0 to 1
 */
export function percent(probability) {
  const rounded = Math.round(probability * 100);
  if (rounded >= 100) return '>99%';
  if (rounded <= 0) return '<1%';
  return `${rounded}%`;
}

/** @param {number} bytes */
export function fileSize(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  const megabytes = bytes / 1e6;
  return `${megabytes < 10 ? megabytes.toFixed(1) : Math.round(megabytes)} MB`;
}

/**
 * The time left, rounded to what an estimate allows.
 * @param {number | null | undefined} seconds
 * @returns {string} '' when it is not known
 */
export function timeLeft(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '';
  if (seconds < 2) return 'almost done';
  if (seconds < 20) return `about ${Math.round(seconds)} seconds left`;
  if (seconds < 55) return `about ${Math.round(seconds / 5) * 5} seconds left`;
  if (seconds < 90) return 'about a minute left';
  if (seconds < 3600) return `about ${Math.round(seconds / 60)} minutes left`;
  return 'more than an hour left';
}

/**
 * A time within a recording, as in 1:05.3.
 * @param {number} seconds
 */
export function timecode(seconds) {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
}

/**
 * A length of time.
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const total = Math.round(seconds);
  const rest = total % 60;
  return rest === 0 ? `${total / 60} min` : `${Math.floor(total / 60)} min ${rest} s`;
}

/**
 * How deep the ultrasound field reaches.
 * @param {number} mm
 */
export const depth = (mm) => `${(mm / 10).toFixed(1)} cm deep`;

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/**
 * `a`, `a and b`, `a, b and c`.
 * @param {readonly (string | number)[]} things
 */
export function joinList(things) {
  if (things.length < 2) return things.join('');
  return `${things.slice(0, -1).join(', ')} and ${things.at(-1)}`;
}

/**
 * A date and time of day as this computer writes them.
 * @param {string} iso
 */
export const dateTime = (iso) =>
  new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/**
 * A day as this computer writes it.
 * @param {string} iso
 */
export const date = (iso) => new Date(iso).toLocaleDateString(undefined, { dateStyle: 'medium' });

/** The last part of a path. @param {string} path */
export const baseName = (path) => path.slice(path.lastIndexOf('/') + 1);

/** All but the last part of a path; '' without folders. @param {string} path */
export const folderOf = (path) => path.slice(0, Math.max(0, path.lastIndexOf('/')));
