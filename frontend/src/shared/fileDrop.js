/** Files that are dropped on the window or pasted. */

/**
 * @param {object} listener
 * @param {(files: File[]) => void} listener.onFiles
 * @param {(over: boolean) => void} listener.onHover files are held over the window
 * @param {(data: DataTransfer) => void} [listener.onDrop] receives the drop itself, with its folders
 * @returns {() => void} stops listening
 */
export function listenForFiles({ onFiles, onHover, onDrop }) {
  let depth = 0; // entering a child fires before the parent is left
  const events = {
    /** @param {DragEvent} event */
    dragenter(event) {
      if (!holdsFiles(event.dataTransfer)) return;
      event.preventDefault();
      depth += 1;
      onHover(true);
    },
    /** @param {DragEvent} event */
    dragover(event) {
      if (holdsFiles(event.dataTransfer)) event.preventDefault();
    },
    /** @param {DragEvent} event */
    dragleave(event) {
      if (!holdsFiles(event.dataTransfer)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) onHover(false);
    },
    /** @param {DragEvent} event */
    drop(event) {
      if (!holdsFiles(event.dataTransfer)) return;
      event.preventDefault();
      depth = 0;
      onHover(false);
      if (onDrop && event.dataTransfer) onDrop(event.dataTransfer);
      else onFiles(filesIn(event.dataTransfer));
    },
    /** @param {ClipboardEvent} event */
    paste(event) {
      const files = filesIn(event.clipboardData);
      if (files.length === 0) return;
      event.preventDefault();
      onFiles(files);
    },
  };
  const entries = /** @type {[string, EventListener][]} */ (Object.entries(events));
  for (const [name, listener] of entries) window.addEventListener(name, listener);
  return () => {
    for (const [name, listener] of entries) window.removeEventListener(name, listener);
  };
}

/** @param {DataTransfer | null} data */
const holdsFiles = (data) => data !== null && Array.from(data.types).includes('Files');

/**
 * The files, without folders: a folder looks like a file that cannot be read.
 * @param {DataTransfer | null} data
 * @returns {File[]}
 */
function filesIn(data) {
  if (!data) return [];
  return Array.from(data.items).flatMap((item) => {
    const file = item.kind === 'file' ? item.getAsFile() : null;
    return file && !item.webkitGetAsEntry?.()?.isDirectory ? [file] : [];
  });
}
