/** The passage into and out of a picture encoder's ONNX graph. */
import { LimnError } from '../../../core/errors.js';
import { Session } from '../../../engine/runtime/session.js';
import { toFloat16 } from '../../../engine/tensor/float16.js';
import { type Tensor, tensor } from '../../../engine/tensor/tensor.js';
import type { EncoderDescription } from './description.js';
import type { GraphLayout, GraphOutputs } from './encoder-features.js';
import { normalizedPixels } from './pixel-form.js';

/** Memory for pixels that runs of a session have given back. */
const givenBack = new WeakMap<Session, Float32Array<ArrayBuffer>[]>();

/** Memory of so many numbers. What runs of other sizes have left goes in time. */
function pixelMemory(session: Session, length: number) {
  const free = givenBack.get(session) ?? [];
  givenBack.set(session, free);
  const known = free.findIndex((one) => one.length === length);
  const pixels = known < 0 ? new Float32Array(length) : (free.splice(known, 1)[0] as Float32Array<ArrayBuffer>);
  const giveBack = (back: Float32Array<ArrayBuffer>) => {
    free.push(back);
    if (free.length > memoriesKept) free.shift();
  };
  return { pixels, giveBack };
}

/** One that is computed on and one that is filled. */
const memoriesKept = 2;

/** Runs pictures through the graph; where it insists on a batch size, the batch is filled up with the last picture. */
export async function runGraph(
  session: Session,
  description: EncoderDescription,
  images: readonly Uint8Array[],
): Promise<GraphOutputs> {
  const { input, size, layout, outputs, batch = images.length } = description;
  const filled = Array.from({ length: batch }, (_, i) => images[Math.min(i, images.length - 1)] as Uint8Array);
  const memory = pixelMemory(session, batch * size * size * 3);
  const data = normalizedPixels(description, filled, memory.pixels);
  const shape = layout === 'NCHW' ? [batch, 3, size, size] : [batch, size, size, 3];
  const half = description.inputType === 'float16';
  const feed = half ? tensor('float16', shape, toFloat16(data)) : tensor('float32', shape, data);
  if (half) memory.giveBack(data);
  const result = await session.run(
    { [input]: feed },
    {
      fetch: [...new Set([outputs.local, outputs.global])],
      transfer: true,
      giveBack: half ? undefined : (feeds) => memory.giveBack(feeds[input]?.data as Float32Array<ArrayBuffer>),
    },
  );
  return {
    local: result[outputs.local] as Tensor<'float32'>,
    global: result[outputs.global] as Tensor<'float32'>,
  };
}

/** @throws LimnError ENCODER when the outputs of a trial run have not the form that the description gives */
export function layoutOf(description: EncoderDescription, probe: { local: Tensor; global: Tensor }): GraphLayout {
  const { name, outputs, colour, batch = 1 } = description;
  const wrong = (what: string) =>
    new LimnError('ENCODER', `The encoder ${name} does not fit its description: ${what}. Correct the description.`, {
      details: { local: probe.local.shape, global: probe.global.shape },
    });
  const { local, global } = probe;
  const isMap = outputs.localForm === 'map';
  if (local.dtype !== 'float32' || global.dtype !== 'float32') throw wrong('its outputs are not float32');
  if (local.shape.length !== (isMap ? 4 : 3) || local.shape[0] !== batch) {
    const expected = isMap ? '[N, channels, height, width]' : '[N, tokens, channels]';
    throw wrong(`the local output ${outputs.local} has shape [${local.shape}], not ${expected} with N = ${batch}`);
  }
  if (global.shape.length !== 2 || global.shape[0] !== batch) {
    throw wrong(`the global output ${outputs.global} has shape [${global.shape}], not [N, channels] with N = ${batch}`);
  }
  const [, a, b, c] = local.shape as [number, number, number, number];
  const tokens = isMap ? b * c : a - outputs.skipTokens;
  if (tokens < 1) throw wrong(`no tokens are left after leaving out ${outputs.skipTokens} of ${a}`);
  const grid = Math.round(Math.sqrt(tokens));
  if (colour && (grid * grid !== tokens || (isMap && b !== c))) {
    throw wrong(`"colour" needs places in a square, and there are ${isMap ? `${b} x ${c}` : tokens}`);
  }
  return { tokens, localChannels: isMap ? a : b, globalChannels: global.shape[1] as number, grid };
}

/** @throws LimnError ENCODER when the graph lacks one of the `wanted` inputs or outputs */
export function requireNames(encoder: string, kind: string, present: readonly string[], wanted: readonly string[]): void {
  const missing = wanted.find((name) => !present.includes(name));
  if (missing === undefined) return;
  throw new LimnError('ENCODER', `The encoder ${encoder} has no ${kind} "${missing}": its ${kind}s are ${present.join(', ')}.`, {
    details: { missing, present },
  });
}

/** The shape of an encoder's local output for one picture, whatever its form. */
export async function probeImage(description: EncoderDescription, weights: string): Promise<readonly number[]> {
  const session = await Session.open(weights, { label: `encoder ${description.name}` });
  try {
    const grey = new Uint8Array(description.size ** 2 * 3).fill(128);
    return (await runGraph(session, description, [grey])).local.shape;
  } finally {
    await session.close();
  }
}
