import { useEffect, useState } from 'preact/hooks';

/** As in the style sheets: on phones and upright tablets what stands beside the grid comes up from the bottom. */
const query = '(max-width: 860px)';

/** Whether the window is narrow; the component is drawn again when that changes. */
export function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const follow = () => setNarrow(media.matches);
    media.addEventListener('change', follow);
    return () => media.removeEventListener('change', follow);
  }, []);
  return narrow;
}
