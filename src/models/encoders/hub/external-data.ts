/** The files that an ONNX graph keeps its weights in. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { LimnError } from '../../../core/errors.js';
import { standInFor } from '../../../core/stand-in.js';
import type { GraphProto, TensorProto } from '../../../engine/graph/proto/onnx_pb.js';
import { fileName } from '../image/description.js';

const externalLocation = 1;

/**
 * @param file the ONNX file
 * @returns paths from its own folder
 * @throws LimnError ENCODER for a file that is missing, elsewhere, or shorter than what it holds of the weights
 */
export function findExternalData(file: string, graph: GraphProto): string[] {
  const needed = new Map<string, number>();
  for (const { dataLocation, externalData } of tensorsOf(graph)) {
    if (dataLocation !== externalLocation) continue;
    const of = (wanted: string) => externalData.find(({ key }) => key === wanted)?.value ?? '';
    const name = of('location') === '' ? '' : posix.normalize(of('location').replaceAll('\\', '/'));
    needed.set(name, Math.max(needed.get(name) ?? 0, Number(of('offset')) + Number(of('length'))));
  }
  for (const [name, bytes] of needed) check(file, name, bytes);
  return [...needed.keys()].sort();
}

function check(file: string, name: string, bytes: number): void {
  const refuse = (why: string) =>
    new LimnError('ENCODER', `${file} keeps its weights in ${why}.`, { details: { file, missing: name } });
  if (name === '') throw refuse('no file');
  if (!fileName.safeParse(name).success) {
    throw refuse(`${name}, which is outside of its folder. Save it anew with its weights in a file beside it`);
  }
  const path = join(dirname(file), name);
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw refuse(`${name}, which is not beside it. Get that too`);
  if (size >= bytes) return;
  const other = standInFor(headOf(path));
  throw refuse(
    other ? `${name}, but ${other}` : `${name}, which has ${size} bytes of at least ${bytes}: it is cut short. Get that again`,
  );
}

function headOf(path: string): Uint8Array {
  const head = new Uint8Array(200);
  const file = openSync(path, 'r');
  try {
    return head.subarray(0, readSync(file, head));
  } finally {
    closeSync(file);
  }
}

/** The tensors of a graph: its initializers, and those that its nodes have as attributes or in graphs of their own. */
function tensorsOf({ initializer, node }: GraphProto): TensorProto[] {
  const inside = node.flatMap(({ attribute }) =>
    attribute.flatMap(({ t, g }) => [...(t ? [t] : []), ...(g ? tensorsOf(g) : [])]),
  );
  return [...initializer, ...inside];
}
