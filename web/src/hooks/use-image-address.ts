import { useEffect, useState } from 'preact/hooks';
import type { Backend } from '../api/api.js';
import type { QueryImage } from '../state/trail.js';
import { useSession } from './use-session.js';

export type ImageVariant = 'thumbnail' | 'full';

/** Pictures that were fetched with a key, which <img> cannot send; the oldest are let go. */
const fetched = new Map<string, Promise<string>>();
const mostFetched = 500;

function fetchImage(api: Backend, address: string): Promise<string> {
  const known = fetched.get(address);
  if (known) return known;
  const image = api.image(address).then((blob) => URL.createObjectURL(blob));
  fetched.set(address, image);
  image.catch(() => fetched.delete(address));
  const [oldest] = fetched;
  if (fetched.size > mostFetched && oldest) {
    fetched.delete(oldest[0]);
    void oldest[1].then((old) => URL.revokeObjectURL(old));
  }
  return image;
}

/** @returns an address for <img>; undefined while it is fetched, null where the picture is gone */
export function useImageAddress(image: QueryImage, size: ImageVariant): string | null | undefined {
  const session = useSession();
  const gallery = session.state.view.gallery ?? '';
  const plain =
    'upload' in image ? (session.uploads.address(image.upload) ?? null) : session.api.imageAddress(gallery, image.id, size);
  const guarded = 'id' in image && session.api.hasKey;
  const [found, setFound] = useState<{ plain: string; address: string | null }>();
  useEffect(() => {
    if (!guarded || !plain) return;
    let wanted = true;
    fetchImage(session.api, plain).then(
      (address) => wanted && setFound({ plain, address }),
      () => wanted && setFound({ plain, address: null }),
    );
    return () => {
      wanted = false;
    };
  }, [guarded, plain, session]);
  if (!guarded || !plain) return plain;
  return found?.plain === plain ? found.address : undefined;
}
