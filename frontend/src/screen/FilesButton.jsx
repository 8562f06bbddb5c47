/** The button that opens the computer's own file dialog. */
import { useRef } from 'preact/hooks';
import { addFiles } from './uploads.js';
import { Icon } from '../shared/Icon.jsx';

const KINDS = {
  primary: 'button button-primary button-large',
  plain: 'button',
  quiet: 'button fold-words', // its words go where there is no room
};

/**
 * @param {{
 *   children: import('preact').ComponentChildren,
 *   kind?: keyof typeof KINDS,
 * }} props
 */
export function FilesButton({ children, kind = 'primary' }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  return (
    <>
      <button
        type="button"
        data-add
        class={KINDS[kind]}
        aria-label={kind === 'quiet' ? 'Add recordings' : undefined}
        onClick={() => input.current?.click()}
      >
        <Icon name={kind === 'quiet' ? 'add' : 'upload'} />
        <span class="words">{children}</span>
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid="files"
        accept="image/*,video/*,.avi,.mov,.mpg,.mpeg,.tif,.tiff,.bmp,.webp,.dcm,application/dicom"
        onChange={({ currentTarget }) => {
          addFiles(currentTarget.files ?? []);
          currentTarget.value = ''; // so that the same file can be chosen again
        }}
      />
    </>
  );
}
