/** Files that operating systems leave in folders: the same list as in models/data/file_names.py. */

const NAMES = [
  '__macosx',
  'thumbs.db',
  'ehthumbs.db',
  'ehthumbs_vista.db',
  'desktop.ini',
  'icon\r',
  '$recycle.bin',
  'system volume information',
  '@eadir',
];

/** Hidden files, and those of documents that are open in an office program. */
const STARTS = ['.', '~$'];

/**
 * @param {string} path with its folders
 * @returns {boolean}
 */
export const isSystemFile = (path) =>
  path
    .split(/[/\\]/)
    .filter((part) => part !== '.' && part !== '..')
    .some(
      (part) =>
        NAMES.includes(part.toLowerCase()) || STARTS.some((start) => part.startsWith(start)),
    );
