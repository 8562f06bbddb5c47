import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { listenForFiles } from '../../src/shared/fileDrop.js';

const listener = { onFiles: vi.fn(), onHover: vi.fn() };
/** @type {() => void} */
let stop;

beforeEach(() => {
  stop = listenForFiles(listener);
});
afterEach(() => stop());

const clip = new File(['x'], 'clip.mp4');

/** @param {{folder?: boolean, file?: File | null}} [options] */
const held = ({ folder = false, file = clip } = {}) => ({
  types: file ? ['Files'] : ['text/plain'],
  items: [
    {
      kind: file ? 'file' : 'string',
      getAsFile: () => file,
      webkitGetAsEntry: () => ({ isDirectory: folder }),
    },
  ],
});

/** @param {string} name @param {object} data */
function fire(name, data) {
  const event = new Event(name, { cancelable: true });
  Object.assign(event, { dataTransfer: data, clipboardData: data });
  window.dispatchEvent(event);
  return event;
}

it('takes what is dropped anywhere', () => {
  const event = fire('drop', held());
  expect(listener.onFiles).toHaveBeenCalledExactlyOnceWith([clip]);
  expect(event.defaultPrevented).toBe(true); // the browser would open the file otherwise
});

it('takes a picture that is pasted', () => {
  fire('paste', held());
  expect(listener.onFiles).toHaveBeenCalledExactlyOnceWith([clip]);
});

it('leaves pasted text alone', () => {
  const event = fire('paste', held({ file: null }));
  expect(listener.onFiles).not.toHaveBeenCalled();
  expect(event.defaultPrevented).toBe(false);
});

it('leaves folders out', () => {
  fire('drop', held({ folder: true }));
  expect(listener.onFiles).toHaveBeenCalledExactlyOnceWith([]);
});

it('knows how long files are held over the window, whatever lies in between', () => {
  fire('dragenter', held());
  fire('dragenter', held());
  fire('dragleave', held());
  expect(listener.onHover).toHaveBeenLastCalledWith(true);
  fire('dragleave', held());
  expect(listener.onHover).toHaveBeenLastCalledWith(false);
});

it('hears nothing after it has stopped', () => {
  stop();
  fire('drop', held());
  expect(listener.onFiles).not.toHaveBeenCalled();
});
