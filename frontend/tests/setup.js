/** What every test starts from: an empty page, and what the simulated browser lacks. */
import { cleanup, configure } from '@testing-library/preact';
import { afterEach, beforeEach } from 'vitest';
import { announcement } from '../src/shared/announcer.js';
import { items, selectedKey } from '../src/screen/items.js';
import { readAddress } from '../src/shared/address.js';

// A machine that does other work as well is slow, and not wrong.
configure({ asyncUtilTimeout: 20_000 });

HTMLElement.prototype.setPointerCapture = () => {};
HTMLDialogElement.prototype.showModal = function showModal() {
  this.open = true;
};
HTMLDialogElement.prototype.close = function close() {
  this.open = false;
};

// Nothing that reaches src/api/ is imported here: a test could not replace it any more.
beforeEach(() => {
  items.value = [];
  selectedKey.value = null;
  announcement.value = '';
  sessionStorage.clear();
  history.replaceState(null, '', '/');
  readAddress();
});

afterEach(cleanup);
