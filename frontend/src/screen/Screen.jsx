/** Screening recordings: the empty page, or the recordings at work. */
import { useEffect, useState } from 'preact/hooks';
import { listenForFiles } from '../shared/fileDrop.js';
import { items } from './items.js';
import { takeHeadingFocus } from '../shared/address.js';
import { FOCUSED_CONTROL_KEYS, SHORTCUTS } from './screenKeys.js';
import { addFiles } from './uploads.js';
import { DropOverlay } from '../shared/DropOverlay.jsx';
import { UndoBar } from './UndoBar.jsx';
import { useShortcuts } from '../shared/useShortcuts.js';
import { Workbench } from './Workbench.jsx';
import { Start } from './Start.jsx';

export function Screen() {
  const [hovering, setHovering] = useState(false);
  useEffect(() => listenForFiles({ onFiles: addFiles, onHover: setHovering }), []);
  useEffect(() => {
    if (takeHeadingFocus()) document.querySelector('main')?.querySelector('h1')?.focus();
  }, []);
  useShortcuts('Recordings', SHORTCUTS);
  useShortcuts('On the square and on the frames', FOCUSED_CONTROL_KEYS);
  return (
    <>
      {items.value.length === 0 ? <Start /> : <Workbench />}
      <UndoBar />
      {hovering && <DropOverlay />}
    </>
  );
}
