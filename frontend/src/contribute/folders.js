/** Files out of what was dropped or chosen: whole folders, without what computers leave in them. */

import { isSystemFile } from './systemFiles.js';

/** @typedef {{file: File, path: string}} Found `path`: the name, with its folders */

/**
 * @typedef {object} Gathered
 * @property {Found[]} found
 * @property {number} skipped files and folders that computers keep for themselves
 */

/**
 * @param {DataTransfer} data
 * @returns {Promise<Gathered>}
 */
export async function filesDropped(data) {
  // The list of items is emptied after the event: take everything before the first wait.
  const entries = Array.from(data.items).flatMap((item) => {
    if (item.kind !== 'file') return [];
    const entry = item.webkitGetAsEntry?.();
    const file = item.getAsFile();
    return entry || file ? [{ entry, file }] : [];
  });
  const found = await Promise.all(
    entries.map(({ entry, file }) => (entry?.isDirectory ? within(entry) : alone(file))),
  );
  return joined(found);
}

/**
 * @param {Iterable<File>} files of an input
 * @returns {Gathered}
 */
export const filesChosen = (files) =>
  joined(Array.from(files, (file) => one(file, file.webkitRelativePath || file.name)));

/** @param {File | null} file @param {string} path @returns {Gathered} */
const one = (file, path) =>
  isSystemFile(path)
    ? { found: [], skipped: 1 }
    : { found: file ? [{ file, path }] : [], skipped: 0 };

/** @param {File | null} file @returns {Gathered} */
const alone = (file) => one(file, file?.name ?? '');

/** @param {readonly Gathered[]} parts @returns {Gathered} */
const joined = (parts) => ({
  found: parts.flatMap(({ found }) => found),
  skipped: parts.reduce((sum, { skipped }) => sum + skipped, 0),
});

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<Gathered>}
 */
async function within(entry) {
  const path = entry.fullPath.replace(/^\//, '');
  if (isSystemFile(path)) return one(null, path);
  if (entry.isFile) {
    const file = await new Promise((resolve) =>
      /** @type {FileSystemFileEntry} */ (entry).file(resolve, () => resolve(null)),
    );
    return one(file, path);
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const found = [];
  for (;;) {
    // A reader gives a hundred entries at a time, and none when it is through.
    const entries = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (entries.length === 0) return joined(found);
    for (const each of entries) found.push(await within(each));
  }
}
