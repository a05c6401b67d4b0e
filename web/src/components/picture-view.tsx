import { useState } from 'preact/hooks';
import { type PictureSize, usePictureAddress } from '../hooks/use-picture-address.js';
import type { Picture } from '../state/trail.js';

export interface PictureViewProps {
  picture: Picture;
  size?: PictureSize;
  /** '' where the text around it says what it is. */
  alt?: string;
  /** Soon seen: not put off until it is scrolled to. */
  eager?: boolean;
  /** Told the picture's width over its height, once it is known. */
  onRatio?: (ratio: number) => void;
}

/** A picture of the gallery or of this device, with a quiet stand-in while it loads and where it is gone. */
export function PictureView({ picture, size = 'thumbnail', alt = '', eager = false, onRatio }: PictureViewProps) {
  const address = usePictureAddress(picture, size);
  const [loaded, setLoaded] = useState<string>();
  const [broken, setBroken] = useState<string>();
  if (address === null || (address !== undefined && broken === address)) {
    return (
      <span class="picture gone">
        <span>{'upload' in picture ? 'not on this device' : 'no picture'}</span>
        {alt && <span class="hidden">: {alt}</span>}
      </span>
    );
  }
  return (
    <span class={loaded === address && address ? 'picture loaded' : 'picture'}>
      {address && (
        <img
          src={address}
          alt={alt}
          loading={eager ? 'eager' : 'lazy'}
          decoding="async"
          draggable={false}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
            setLoaded(address);
            onRatio?.(naturalWidth / Math.max(1, naturalHeight));
          }}
          onError={() => setBroken(address)}
        />
      )}
    </span>
  );
}
