/** The heading of a page: it names the window, and has the focus when the page is come to. */
import { useEffect, useRef } from 'preact/hooks';
import { takeHeadingFocus } from './address.js';
import { heading } from './windowTitle.js';

/**
 * @param {{
 *   title: string,
 *   lead?: import('preact').ComponentChildren,
 *   children?: import('preact').ComponentChildren,
 * }} props `lead`: a sentence below the title; children: the actions beside it
 */
export function PageHeading({ title, lead, children }) {
  const element = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  useEffect(() => {
    heading.value = title;
  }, [title]);
  useEffect(() => {
    if (!takeHeadingFocus()) return;
    window.scrollTo(0, 0);
    element.current?.focus({ preventScroll: true });
  }, []);
  return (
    <header class="page-head">
      <div>
        <h1 ref={element} tabIndex={-1}>
          {title}
        </h1>
        {lead && <p class="quiet">{lead}</p>}
      </div>
      {children && <div class="actions">{children}</div>}
    </header>
  );
}
