/** Screening recordings: the empty page, or the recordings at work. */
import { useEffect, useState } from 'preact/hooks';
import { takeIn } from '../shared/intake.js';
import { items } from './items.js';
import { takeArrival } from '../shared/address.js';
import { IN_PLACE, SHORTCUTS } from './screenKeys.js';
import { addFiles } from './uploads.js';
import { DropVeil } from '../shared/DropVeil.jsx';
import { UndoBar } from './UndoBar.jsx';
import { useShortcuts } from '../shared/useShortcuts.js';
import { Bench } from './Bench.jsx';
import { Start } from './Start.jsx';

export function Screen() {
  const [hovering, setHovering] = useState(false);
  useEffect(() => takeIn({ onFiles: addFiles, onHover: setHovering }), []);
  useEffect(() => {
    if (takeArrival()) document.querySelector('main')?.querySelector('h1')?.focus();
  }, []);
  useShortcuts('Recordings', SHORTCUTS);
  useShortcuts('On the square and on the frames', IN_PLACE);
  return (
    <>
      {items.value.length === 0 ? <Start /> : <Bench />}
      <UndoBar />
      {hovering && <DropVeil />}
    </>
  );
}
