/** Files out of what was dropped or chosen: whole folders, without what computers leave in them. */

/** @typedef {{file: File, path: string}} Found `path`: the name, with its folders */

const RUBBISH = /(^|\/)(\.[^/]*|__MACOSX|Thumbs\.db|desktop\.ini)(\/|$)/i;

/**
 * @param {DataTransfer} data
 * @returns {Promise<Found[]>}
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
  return found.flat().filter(({ path }) => !RUBBISH.test(path));
}

/**
 * @param {Iterable<File>} files of an input
 * @returns {Found[]}
 */
export const filesChosen = (files) =>
  Array.from(files, (file) => ({ file, path: file.webkitRelativePath || file.name })).filter(
    ({ path }) => !RUBBISH.test(path),
  );

/** @param {File | null} file @returns {Found[]} */
const alone = (file) => (file ? [{ file, path: file.name }] : []);

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<Found[]>}
 */
async function within(entry) {
  const path = entry.fullPath.replace(/^\//, '');
  if (RUBBISH.test(path)) return [];
  if (entry.isFile) {
    const file = await new Promise((resolve) =>
      /** @type {FileSystemFileEntry} */ (entry).file(resolve, () => resolve(null)),
    );
    return file ? [{ file, path }] : [];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const found = [];
  for (;;) {
    // A reader gives a hundred entries at a time, and none when it is through.
    const entries = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (entries.length === 0) return found;
    for (const each of entries) found.push(...(await within(each)));
  }
}
