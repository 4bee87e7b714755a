/** Outlines on a grid of 24 units, drawn with a line of 1.8. */
const outlines = {
  add: 'M12 5v14M5 12h14',
  alert: 'M12 4 2.8 19.5h18.4zM12 10v4.5M12 17.2v.1',
  back: 'M15 5l-7 7 7 7',
  chart: 'M4 19h16M5 15l4-5 4 3 6-8',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  chevronDown: 'M6 9.5l6 6 6-6',
  chevronRight: 'M9.5 6l6 6-6 6',
  clock: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M12 7.5V12l3 2',
  close: 'M6 6l12 12M18 6L6 18',
  columns: 'M4 5h16v14H4zM9.5 5v14M14.8 5v14',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  create: 'M6 3h8l4 4v14H6zM12 10.5v6M9 13.5h6',
  down: 'M12 4v14M6 12.5l6 6 6-6',
  error: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M12 7.5v5.5M12 16.2v.1',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  filter: 'M4 6h16M7 12h10M10 18h4',
  folder: 'M3.5 6h6l2 2.5h9V19h-17z',
  gauge: 'M4.5 17a8.5 8.5 0 1 1 15 0M12 14l4-5',
  help: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M9.5 9.8c0-3.2 5-3.2 5 0 0 2-2.5 2-2.5 4M12 16.8v.1',
  info: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M12 11v5.5M12 7.6v.1',
  key: 'M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8M11 12.5L20 4M16.5 7.5L19 10',
  language: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M3.8 12h16.4M12 3.5c-5 5-5 12 0 17M12 3.5c5 5 5 12 0 17',
  link: 'M10 14a4 4 0 0 0 5.6 0l3-3A4 4 0 0 0 13 5.400l-1 1M14 10a4 4 0 0 0-5.6 0l-3 3A4 4 0 0 0 11 18.600l1-1',
  list: 'M4 6h16M4 12h16M4 18h16',
  magnet: 'M5 4v8a7 7 0 0 0 14 0V4h-4.500v8a2.5 2.5 0 0 1-5 0V4zM5 8h4.500M14.5 8H19',
  moon: 'M19.5 14.500A8 8 0 0 1 9.5 4.500a8 8 0 1 0 10 10',
  more: 'M12 5.500v.1M12 12v.1M12 18.500v.1',
  move: 'M3.5 6h6l2 2.500h9V19h-17zM8.5 13.700h7M13 11l2.7 2.700L13 16.4',
  pause: 'M8 5v14M16 5v14',
  peers:
    'M9 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M3.5 19c0-3.5 2.5-5.5 5.5-5.500s5.5 2 5.5 5.500M15.5 5.300a3 3 0 0 1 0 5.400M17 13.900c2.2.7 3.5 2.6 3.5 5.1',
  play: 'M8 5l11 7-11 7z',
  recheck: 'M19.5 12a7.5 7.5 0 1 1-2.3-5.400M19.5 3.500v4h-4',
  rename: 'M4 20h4L19 9l-4-4L4 16z',
  search: 'M10.5 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12M15 15l5 5',
  seed: 'M12 20v-9M12 11c0-4 3-6 7-6 0 4-3 6-7 6M12 14c0-3-2.5-5-6.5-5 0 3.5 2.5 5 6.5 5',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.800v4.400M9 14.800v4.4',
  signOut: 'M10 4.500H5v15h5M14 8l4.5 4-4.5 4M18 12H9.5',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.500v2M12 19.500v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M5.3 18.700l1.4-1.400M17.3 6.700l1.4-1.4',
  tag: 'M4 4h8l8 8-8 8-8-8zM8.3 8.300v.1',
  tracker: 'M12 10.500v10M8.5 20.500h7M12 7a2 2 0 1 0 0 4 2 2 0 0 0 0-4M7.5 13.500a6.5 6.5 0 0 1 0-9M16.5 4.500a6.5 6.5 0 0 1 0 9',
  trash: 'M4.5 7h15M9.5 7V4h5v3M6.5 7l1 13h9l1-13M10.3 11v5.500M13.7 11v5.5',
  up: 'M12 20V6M6 11.500l6-6 6 6',
  upload: 'M12 16V5M7 9.500l5-5 5 5M4.5 19.500h15',
} as const;

export type IconName = keyof typeof outlines;

/** A small drawing that repeats what the text beside it or the control's label says; hidden from screen readers. */
export function Icon({ name, size = 18, className }: { name: IconName; size?: number; className?: string }) {
  return (
    <svg
      aria-hidden="true"
      className={className}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.6 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={outlines[name]} />
    </svg>
  );
}
