import { useState } from 'preact/hooks';
import { type ImageVariant, useImageAddress } from '../hooks/use-image-address.js';
import type { QueryImage } from '../state/trail.js';

export interface ImageViewProps {
  image: QueryImage;
  size?: ImageVariant;
  /** '' where the text around it says what it is. */
  alt?: string;
  /** Soon seen: not put off until it is scrolled to. */
  eager?: boolean;
  /** Told the picture's width over its height, once it is known. */
  onRatio?: (ratio: number) => void;
}

/** A picture of the gallery or of this device, with a quiet stand-in while it loads and where it is gone. */
export function ImageView({ image, size = 'thumbnail', alt = '', eager = false, onRatio }: ImageViewProps) {
  const address = useImageAddress(image, size);
  const [loaded, setLoaded] = useState<string>();
  const [broken, setBroken] = useState<string>();
  if (address === null || (address !== undefined && broken === address)) {
    return (
      <span class="picture gone">
        <span>{'upload' in image ? 'not on this device' : 'no picture'}</span>
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
