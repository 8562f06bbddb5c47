/** What covers the page while files are held over it. */
import { Icon } from './Icon.jsx';

export function DropOverlay() {
  return (
    <div class="drop-overlay" aria-hidden="true">
      <p>
        <Icon name="upload" />
        Drop to add
      </p>
    </div>
  );
}
