/** Where the work is done: the recordings beside the one that is looked at. */
import { items, selected } from './items.js';
import { Tray } from './Tray.jsx';
import { Workspace } from './Workspace.jsx';

export function Bench() {
  const several = items.value.length > 1;
  const item = selected.value;
  return (
    <div class={several ? 'bench bench-several' : 'bench'}>
      {several && <Tray />}
      {item && <Workspace key={item.key} item={item} />}
    </div>
  );
}
