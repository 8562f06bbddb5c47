/** Where the work is done: the recordings beside the one that is looked at. */
import { items, selected } from './items.js';
import { RecordingList } from './RecordingList.jsx';
import { Workspace } from './Workspace.jsx';

export function Workbench() {
  const several = items.value.length > 1;
  const item = selected.value;
  return (
    <div class={several ? 'workbench workbench-several' : 'workbench'}>
      {several && <RecordingList />}
      {item && <Workspace key={item.key} item={item} />}
    </div>
  );
}
