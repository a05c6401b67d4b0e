/** Line icons on a grid of 20, drawn in the colour of the text around them. */
const paths = {
  plus: 'M10 4v12M4 10h12',
  minus: 'M4 10h12',
  close: 'M5 5l10 10M15 5L5 15',
  arrow: 'M4 10h11M10.5 5.5L15 10l-4.5 4.5',
  back: 'M12 5l-5 5 5 5',
  forward: 'M8 5l5 5-5 5',
  fork: 'M6 7v6M14 7c0 4-8 2-8 6M6 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM14 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM6 17a2 2 0 1 0 0-4 2 2 0 0 0 0 4z',
  compare: 'M3.5 4.5h5.5v11H3.5zM11 4.5h5.5v11H11z',
  upload: 'M10 13V4M6.5 7.5L10 4l3.5 3.5M4 13v3h12v-3',
  camera: 'M3.5 7h3l1.2-2h4.6l1.2 2h3v9h-13zM10 14a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4z',
  sun: 'M10 13.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM10 2.5v1.8M10 15.7v1.8M2.5 10h1.8M15.7 10h1.8M4.7 4.7l1.3 1.3M14 14l1.3 1.3M4.7 15.3L6 14M14 6l1.3-1.3',
  moon: 'M15.8 12.2A6.6 6.6 0 0 1 7.8 4.2a6.6 6.6 0 1 0 8 8z',
  system: 'M3 4.5h14v9H3zM7.5 16.5h5M10 13.5v3',
  keyboard: 'M2.5 5.5h15v9h-15zM5.5 8.5h.01M8.5 8.5h.01M11.5 8.5h.01M14.5 8.5h.01M7 11.5h6',
  pencil: 'M4 16l.8-3.2L13.5 4l2.5 2.5-8.8 8.7zM12 5.5L14.5 8',
  crop: 'M6 2.5V14h11.5M2.5 6H14v11.5',
  zoom: 'M9 14a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM12.7 12.7l4 4M9 7v4M7 9h4',
  filter: 'M3.5 6h13M6 10h8M8.5 14h3',
  scales:
    'M3.5 6h6M13 6h3.5M11.2 7.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6zM3.5 14h2M9.5 14h7M7.2 15.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6z',
  gallery: 'M3.5 3.5h5.5v5.5H3.5zM11 3.5h5.5v5.5H11zM3.5 11h5.5v5.5H3.5zM11 11h5.5v5.5H11z',
  link: 'M8.5 11.5a3 3 0 0 0 4.3 0l2.5-2.5a3 3 0 0 0-4.3-4.3l-1 1M11.5 8.5a3 3 0 0 0-4.3 0L4.7 11a3 3 0 0 0 4.3 4.3l1-1',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
