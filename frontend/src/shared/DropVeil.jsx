/** What covers the page while files are held over it. */
import { Icon } from './Icon.jsx';

export function DropVeil() {
  return (
    <div class="veil" aria-hidden="true">
      <p>
        <Icon name="upload" />
        Drop to add
      </p>
    </div>
  );
}
