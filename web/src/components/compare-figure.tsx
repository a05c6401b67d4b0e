import { useState } from 'preact/hooks';
import type { HeatMap } from '../api/types.js';
import type { QueryImage } from '../state/trail.js';
import { HeatMapView } from './heat-map-view.js';
import { ImageView } from './image-view.js';

export interface CompareFigureProps {
  image: QueryImage;
  name: string;
  map: HeatMap | undefined;
}

/** The frame is of the picture's own shape, so that the map over it lies on what it is about. */
export function CompareFigure({ image, name, map }: CompareFigureProps) {
  const [ratio, setRatio] = useState(1);
  return (
    <figure>
      <div class="compare-frame" style={{ '--ratio': ratio }}>
        <ImageView image={image} size="full" alt={name} eager onRatio={setRatio} />
        {map && <HeatMapView map={map} />}
      </div>
      <figcaption title={name}>{name}</figcaption>
    </figure>
  );
}
