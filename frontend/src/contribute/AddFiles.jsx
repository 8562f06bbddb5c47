/** Where files come in: by drag and drop, from a folder, as a ZIP, with or without a CSV. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { files, submission } from './draftStore.js';
import { filesChosen, filesDropped } from './folders.js';
import { addFiles } from './uploads.js';
import { listenForFiles } from '../shared/fileDrop.js';
import { joinList, plural } from '../shared/format.js';
import { DropOverlay } from '../shared/DropOverlay.jsx';
import { Icon } from '../shared/Icon.jsx';
import { ManifestHelp } from './ManifestHelp.jsx';

/** @typedef {import('./folders.js').Gathered} Gathered */

const ACCEPT =
  'image/*,video/*,.avi,.mov,.mpg,.mpeg,.tif,.tiff,.bmp,.webp,.dcm,application/dicom,.zip,.csv';

/** @param {{small: boolean}} props `small`: there are recordings already */
export function AddFiles({ small }) {
  const [hovering, setHovering] = useState(false);
  const [news, setNews] = useState('');
  const single = useRef(/** @type {HTMLInputElement | null} */ (null));
  const folder = useRef(/** @type {HTMLInputElement | null} */ (null));

  useEffect(() => {
    /** @param {Gathered} found */
    const add = (found) => setNews(added(found));
    return listenForFiles({
      onFiles: (chosen) => add(filesChosen(chosen)),
      onDrop: (data) => void filesDropped(data).then(add),
      onHover: setHovering,
    });
  }, []);

  /** @param {{currentTarget: HTMLInputElement}} event */
  function onChosen({ currentTarget }) {
    setNews(added(filesChosen(currentTarget.files ?? [])));
    currentTarget.value = ''; // so that the same files can be chosen again
  }

  return (
    <div class={small ? 'adding' : 'adding adding-large'}>
      {!small && <Icon name="upload" />}
      {!small && <p class="adding-title">Drop recordings here</p>}
      <p class="quiet">
        {small
          ? 'Add more: drop files, a folder or a ZIP anywhere, or choose them.'
          : 'Many files, a folder, or a ZIP; a CSV beside them fills the table.'}
      </p>
      <div class="actions">
        <button
          type="button"
          data-add
          class={small ? 'button' : 'button button-primary button-large'}
          onClick={() => single.current?.click()}
        >
          Choose files
        </button>
        <button
          type="button"
          class={small ? 'button' : 'button button-large'}
          onClick={() => folder.current?.click()}
        >
          Choose a folder
        </button>
      </div>
      <input
        ref={single}
        type="file"
        multiple
        hidden
        aria-label="Files"
        data-testid="files"
        accept={ACCEPT}
        onChange={onChosen}
      />
      <input
        ref={folder}
        type="file"
        hidden
        aria-label="Folder"
        data-testid="folder"
        {
          /** @type {object} */ ...{ webkitdirectory: true }
        }
        onChange={onChosen}
      />
      {news && (
        <p class="notice" role="status">
          {news}
        </p>
      )}
      {!small && <ManifestHelp />}
      {hovering && <DropOverlay />}
    </div>
  );
}

/** Take files in. @param {Gathered} gathered @returns {string} what there is to say about them */
function added({ found, skipped }) {
  const id = submission.value?.id;
  if (!id) return '';
  const passedOver =
    skipped > 0
      ? `${plural(skipped, 'file')} that computers keep for themselves, such as .DS_Store and Thumbs.db, skipped.`
      : '';
  if (found.length === 0) return `There are no recordings in it. ${passedOver}`.trim();
  const { already, leftOut, sheets } = addFiles(id, found, files.value);
  const names = leftOut
    .slice(0, 3)
    .concat(leftOut.length > 3 ? [`${leftOut.length - 3} more`] : []);
  return [
    already > 0 ? `${plural(already, 'file')} had been sent already.` : '',
    passedOver,
    sheets.length > 0
      ? `${joinList(sheets)}: of spreadsheets only CSV is read. Save it as CSV (UTF-8) and add that.`
      : '',
    leftOut.length > 0 ? `Left out, being neither pictures nor videos: ${joinList(names)}.` : '',
  ]
    .filter(Boolean)
    .join(' ');
}
