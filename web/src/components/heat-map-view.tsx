import { useLayoutEffect, useRef } from 'preact/hooks';
import type { HeatMap } from '../api/types.js';

/** How dark the parts are that a factor does not look at, 0 to 1. */
const darkest = 0.78;

/** Darkens what a factor does not look at; laid over a picture of the same size. */
export function HeatMapView({ map }: { map: HeatMap }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { columns, rows, weights } = map;
  // Before it is painted: an empty canvas would let the picture flash.
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const most = Math.max(...weights, Number.EPSILON);
    const image = context.createImageData(columns, rows);
    for (let cell = 0; cell < columns * rows; cell++) {
      // The square root keeps weaker places from drowning beside the strongest.
      const light = Math.sqrt(Math.max(0, weights[cell] ?? 0) / most);
      image.data[4 * cell + 3] = 255 * darkest * (1 - light);
    }
    context.putImageData(image, 0, 0);
  }, [columns, rows, weights]);
  return <canvas ref={canvas} class="heat-map" width={columns} height={rows} />;
}
