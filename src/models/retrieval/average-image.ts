/** The picture that says nothing: what a query by text alone is composed with. */
import { LimnError } from '../../core/errors.js';
import { toFloat16 } from '../../engine/tensor/float16.js';
import { float32, int64, type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { BackboneConfig } from '../backbone/config.js';
import { imageInputs } from '../backbone/image.js';
import type { FeedOptions, ImageFeatures } from './image-features.js';

/**
 * A source whose every row is the average picture: its features are the means of the training pictures' features, which are 0 once
 * they are standardised; where a model sees pixels they are those that its encoder calls 0, a plain grey.
 *
 * @param weights the model's parameters and buffers by name
 * @throws LimnError CHECKPOINT when the weights lack the means
 */
export function averageImage(
  { image }: Pick<BackboneConfig, 'image'>,
  weights: Readonly<Record<string, Tensor>>,
): Pick<ImageFeatures, 'feeds'> {
  const meanOf = (input: string, length: number): Float32Array => {
    const mean = weights[`picture.${input}.mean`]?.data;
    if (mean instanceof Float32Array && mean.length === length) return mean;
    throw new LimnError('CHECKPOINT', `The weights lack picture.${input}.mean: they belong to another model. Train again.`);
  };
  return {
    feeds(rows, { prefix = '', local = true }: FeedOptions = {}) {
      const specs = Object.entries(imageInputs(image, rows.length, { local }));
      return Object.fromEntries(
        specs.map(([input, { dtype, shape }]): [string, Tensor] => {
          const count = shape.reduce((product, extent) => product * extent, 1);
          if (dtype === 'int64') return [prefix + input, int64(shape, new Array<number>(count).fill(0))];
          // The patch encoder takes colours from 0 to 1 and centres them itself.
          if (dtype === 'float32') return [prefix + input, float32(shape, new Array<number>(count).fill(grey(image)))];
          return [prefix + input, tensor('float16', shape, repeated(meanOf(input, shape.at(-1) as number), count))];
        }),
      );
    },
  };
}

const grey = ({ kind }: BackboneConfig['image']) => (kind === 'patch' ? 0.5 : 0);

function repeated(values: Float32Array, count: number): Uint16Array<ArrayBuffer> {
  const once = toFloat16(values);
  const out = new Uint16Array(count);
  for (let at = 0; at < count; at += once.length) out.set(once, at);
  return out;
}
