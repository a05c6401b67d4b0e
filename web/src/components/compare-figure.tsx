import type { HeatMap } from '../api/types.js';
import type { Picture } from '../state/trail.js';
import { HeatMapView } from './heat-map-view.js';
import { PictureView } from './picture-view.js';

export interface CompareFigureProps {
  picture: Picture;
  name: string;
  map: HeatMap | undefined;
}

export function CompareFigure({ picture, name, map }: CompareFigureProps) {
  return (
    <figure>
      <div class="compare-frame">
        <PictureView picture={picture} size="full" alt={name} eager />
        {map && <HeatMapView map={map} />}
      </div>
      <figcaption title={name}>{name}</figcaption>
    </figure>
  );
}
