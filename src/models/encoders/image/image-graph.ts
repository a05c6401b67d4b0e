/** The passage into and out of a picture encoder's ONNX graph. */
import { LimnError } from '../../../core/errors.js';
import { Session } from '../../../engine/runtime/session.js';
import { toFloat16 } from '../../../engine/tensor/float16.js';
import { type Tensor, tensor } from '../../../engine/tensor/tensor.js';
import { bytesInput, halfOutput } from './byte-graph.js';
import type { EncoderDescription } from './description.js';
import type { GraphLayout, GraphOutputs, HalfOutputs } from './encoder-features.js';
import { normalizedPixels } from './pixel-form.js';

/** Memory for pixels that runs of a session have given back. */
const givenBack = new WeakMap<Session, Pixels[]>();
type Pixels = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** Memory of so many numbers, of which a session takes one kind. What runs of other sizes have left goes in time. */
function pixelMemory<P extends Pixels>(session: Session, length: number, create: (length: number) => P) {
  const free = givenBack.get(session) ?? [];
  givenBack.set(session, free);
  const known = free.findIndex((one) => one.length === length);
  const pixels = known < 0 ? create(length) : (free.splice(known, 1)[0] as P);
  const giveBack = (back: P) => {
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
  const filled = filledUp(images, batch);
  const memory = pixelMemory(session, batch * size * size * 3, (length) => new Float32Array(length));
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

const filledUp = (images: readonly Uint8Array[], batch: number) =>
  Array.from({ length: batch }, (_, i) => images[Math.min(i, images.length - 1)] as Uint8Array);

/** Runs images through a graph of {@link byteGraph}'s. */
async function runBytes(
  session: Session,
  description: EncoderDescription,
  images: readonly Uint8Array[],
  fetch: readonly string[],
) {
  const { size, batch = images.length } = description;
  const { pixels, giveBack } = pixelMemory(session, batch * size * size * 3, (length) => new Uint8Array(length));
  for (const [i, image] of filledUp(images, batch).entries()) pixels.set(image, i * size * size * 3);
  const feeds = { [bytesInput]: { dtype: 'uint8', shape: [batch, size, size, 3], data: pixels } as const };
  return session.run(feeds, {
    fetch: [...new Set(fetch)],
    transfer: true,
    giveBack: (back) => giveBack(back[bytesInput]?.data as Uint8Array<ArrayBuffer>),
  });
}

/** What {@link runGraph} gives, from a graph that takes bytes. */
export async function runByteGraph(
  session: Session,
  description: EncoderDescription,
  images: readonly Uint8Array[],
): Promise<GraphOutputs> {
  const { local, global } = description.outputs;
  const result = await runBytes(session, description, images, [local, global]);
  return { local: result[local] as Tensor<'float32'>, global: result[global] as Tensor<'float32'> };
}

/** The same as binary16. */
export async function runToHalves(
  session: Session,
  description: EncoderDescription,
  images: readonly Uint8Array[],
): Promise<HalfOutputs> {
  const [local, global] = [halfOutput(description.outputs.local), halfOutput(description.outputs.global)];
  const result = await runBytes(session, description, images, [local, global]);
  return { local: result[local] as Tensor<'float16'>, global: result[global] as Tensor<'float16'> };
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
