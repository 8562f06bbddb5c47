/** The button that opens the computer's own file dialog. */
import { useRef } from 'preact/hooks';
import { addFiles } from './uploads.js';
import { Icon } from '../shared/Icon.jsx';

/**
 * @param {{
 *   children: import('preact').ComponentChildren,
 *   quiet?: boolean,
 * }} props
 */
export function FilesButton({ children, quiet = false }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  return (
    <>
      <button
        type="button"
        data-add
        class={quiet ? 'button fold-words' : 'button button-primary button-large'}
        aria-label={quiet ? 'Add recordings' : undefined}
        onClick={() => input.current?.click()}
      >
        <Icon name={quiet ? 'add' : 'upload'} />
        <span class="words">{children}</span>
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid="files"
        accept="image/*,video/*,.avi,.mov,.mpg,.mpeg,.tif,.tiff,.bmp,.webp"
        onChange={({ currentTarget }) => {
          addFiles(currentTarget.files ?? []);
          currentTarget.value = ''; // so that the same file can be chosen again
        }}
      />
    </>
  );
}
