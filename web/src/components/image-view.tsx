import { useState } from 'preact/hooks';
import { type ImageVariant, useImageAddress } from '../hooks/use-image-address.js';
import type { Box, QueryImage } from '../state/trail.js';

export interface ImageViewProps {
  image: QueryImage;
  size?: ImageVariant;
  /** '' where the text around it says what it is. */
  alt?: string;
  /** Soon seen: not put off until it is scrolled to. */
  eager?: boolean;
  /** Whether the frame has the shape of the picture, or of the part of it that is meant; else it is a square. */
  fitting?: boolean;
  /** Shows all of the picture, also where a part of it is meant. */
  whole?: boolean;
  /** Told the width over the height of what is shown, once it is known. */
  onRatio?: (ratio: number) => void;
}

/** A picture of the gallery or of this device, with a quiet stand-in while it loads and where it is gone. */
export function ImageView(props: ImageViewProps) {
  const { image, size = 'thumbnail', alt = '', eager = false, fitting = false, whole = false, onRatio } = props;
  const box = whole ? undefined : image.box;
  const address = useImageAddress(image, box ? 'full' : size);
  const [loaded, setLoaded] = useState<{ address: string; ratio: number }>();
  const [broken, setBroken] = useState<string>();
  if (address === null || (address !== undefined && broken === address)) {
    return (
      <span class="picture gone">
        <span>{'upload' in image ? 'not on this device' : 'no picture'}</span>
        {alt && <span class="hidden">: {alt}</span>}
      </span>
    );
  }
  const ready = address !== undefined && loaded?.address === address;
  return (
    <span class={ready ? 'picture loaded' : 'picture'}>
      {address && (
        <img
          src={address}
          alt={alt}
          loading={eager ? 'eager' : 'lazy'}
          decoding="async"
          draggable={false}
          style={box && ready ? cropped(box, loaded.ratio, fitting) : {}}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
            const ratio = naturalWidth / Math.max(1, naturalHeight);
            setLoaded({ address, ratio });
            onRatio?.(box ? (ratio * box.width) / box.height : ratio);
          }}
          onError={() => setBroken(address)}
        />
      )}
    </span>
  );
}

/** Places a picture so that its part covers the frame. @param ratio of the whole picture */
function cropped({ left, top, width, height }: Box, ratio: number, fitting: boolean) {
  const part = (ratio * width) / height;
  const frame = fitting ? part : 1;
  // The part as wide and as high as the frame, or more on one side, which is cut evenly.
  const [across, down] = [Math.max(1, part / frame), Math.max(1, frame / part)];
  const percent = (value: number) => `${(100 * value).toFixed(3)}%`;
  return {
    position: 'absolute' as const,
    width: percent(across / width),
    height: percent(down / height),
    left: percent(-(left * across) / width - (across - 1) / 2),
    top: percent(-(top * down) / height - (down - 1) / 2),
    maxWidth: 'none',
    objectFit: 'fill' as const,
  };
}
