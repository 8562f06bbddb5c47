/** Small line drawings that stand beside words, never instead of them. */

/** @type {Record<string, string>} */
const PATHS = {
  add: 'M12 5v14M5 12h14',
  upload: 'M12 16V5m0 0L7.5 9.5M12 5l4.5 4.5M5 19h14',
  download: 'M12 5v11m0 0 4.500-4.500M12 16l-4.500-4.500M5 19h14',
  close: 'M6 6l12 12M18 6 6 18',
  trash: 'M5 7h14M10 7V5h4v2m-7.5 0 .8 12h9.4l.8-12M10.5 11v5m3-5v5',
  copy: 'M9 9h10v10H9zM5 15V5h10',
  link: 'M10 14a4 4 0 0 0 6 .4l2.5-2.5a4 4 0 0 0-5.7-5.7L11.5 7.500M14 10a4 4 0 0 0-6-.4l-2.5 2.500a4 4 0 0 0 5.7 5.700L12.5 16.5',
  square: 'M5 9V5h4M15 5h4v4M19 15v4h-4M9 19H5v-4',
  reset: 'M5 5v5h5M5.5 10a7 7 0 1 1-.5 4',
  play: 'M8 5.500v13l10.5-6.500z',
  pause: 'M8.5 6v12M15.5 6v12',
  loop: 'M6 10a5 5 0 0 1 5-5h6m0 0-2.500-2.500M17 5l-2.500 2.500M18 14a5 5 0 0 1-5 5H7m0 0 2.500 2.500M7 19l2.500-2.500',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400',
  dim: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 4v.01M12 20v.01M4 12h.01M20 12h.01M6.300 6.300h.01M17.700 17.700h.01M6.300 17.700h.01M17.700 6.300h.01',
  back: 'M14.5 6 8.5 12l6 6',
  next: 'M9.5 6l6 6-6 6',
  check: 'M5 12.500l4.5 4.500L19 7.5',
  layers: 'M12 4 3.5 8.500 12 13l8.5-4.500zM4.5 12.500 12 16.500l7.5-4M4.5 16 12 20l7.5-4',
  alert: 'M12 8v5m0 3.500v.01M12 3.5 2.8 19.500h18.400z',
  clock: 'M12 7.500V12l3 2M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z',
};

/** @param {{name: string}} props */
export function Icon({ name }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
