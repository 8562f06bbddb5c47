import { describe, expect, it } from 'vitest';
import { filesChosen, filesDropped } from '../../src/contribute/folders.js';

/** @param {string} path @param {File | null} [file] */
const fileEntry = (path, file = new File(['x'], path.split('/').at(-1) ?? '')) => ({
  isFile: true,
  isDirectory: false,
  fullPath: path,
  file: (/** @type {(file: File) => void} */ found, /** @type {() => void} */ lost) =>
    file ? found(file) : lost(),
});

/** A folder whose reader gives its entries two at a time. @param {string} path @param {object[]} entries */
const folderEntry = (path, entries) => ({
  isFile: false,
  isDirectory: true,
  fullPath: path,
  createReader() {
    const left = [...entries];
    return { readEntries: (/** @type {Function} */ found) => found(left.splice(0, 2)) };
  },
});

/** @param {...any} entries */
const dropped = (...entries) =>
  /** @type {any} */ ({
    items: entries.map((entry) => ({
      kind: 'file',
      webkitGetAsEntry: () => entry,
      getAsFile: () => new File(['x'], entry.fullPath.slice(1)),
    })),
  });

describe('what is dropped', () => {
  it('is taken with its folders, however many entries they have', async () => {
    const inner = folderEntry('/ward/b', [fileEntry('/ward/b/5.mp4')]);
    const names = ['1', '2', '3', '4'].map((name) => fileEntry(`/ward/${name}.mp4`));
    const { found } = await filesDropped(dropped(folderEntry('/ward', [...names, inner])));
    expect(found.map(({ path }) => path)).toEqual([
      'ward/1.mp4',
      'ward/2.mp4',
      'ward/3.mp4',
      'ward/4.mp4',
      'ward/b/5.mp4',
    ]);
  });

  it('may be files and folders together', async () => {
    const { found } = await filesDropped(
      dropped(fileEntry('/a.mp4'), folderEntry('/f', [fileEntry('/f/b.mp4')])),
    );
    expect(found.map(({ path }) => path)).toEqual(['a.mp4', 'f/b.mp4']);
  });

  it('leaves behind what computers leave in folders, and what cannot be read', async () => {
    const { found, skipped } = await filesDropped(
      dropped(
        folderEntry('/f', [
          fileEntry('/f/.DS_Store'),
          fileEntry('/f/Thumbs.db'),
          fileEntry('/f/lost.mp4', null),
          folderEntry('/f/__MACOSX', [fileEntry('/f/__MACOSX/a.mp4')]),
          fileEntry('/f/a.mp4'),
        ]),
      ),
    );
    expect(found.map(({ path }) => path)).toEqual(['f/a.mp4']);
    expect(skipped).toBe(3); // a folder that is passed over counts as one
  });
});

it('a chosen folder keeps the names of its folders', () => {
  const file = new File(['x'], 'a.mp4');
  Object.defineProperty(file, 'webkitRelativePath', { value: 'ward/a.mp4' });
  const { found, skipped } = filesChosen([
    file,
    new File(['x'], 'b.mp4'),
    new File(['x'], 'THUMBS.DB'),
    new File(['x'], '~$labels.xlsx'),
    new File(['x'], '._b.mp4'),
  ]);
  expect(found.map(({ path }) => path)).toEqual(['ward/a.mp4', 'b.mp4']);
  expect(skipped).toBe(3);
});
