/** One parameter that an exporter stored once for each time that its module is called, as in ALBERT, whose layers are one. */
import type { FileGraph, FileNode } from './file-graph.js';

/**
 * Copies of initializers that are the same parameter: a module that is called twice reads both. Exporters keep equal numbers once too,
 * so that copies between modules, or of numbers that are all the same, are parameters of their own.
 *
 * @returns names of outputs of Identity nodes
 */
export function repeatedParameters({ nodes, tensors }: FileGraph): Set<string> {
  const readers = new Map<string, FileNode[]>();
  for (const node of nodes) for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  const modulesOf = (name: string) => (readers.get(name) ?? []).filter(({ type }) => type !== 'Identity').map(moduleOf);
  const found = new Set<string>();
  for (const { type, inputs, outputs } of nodes) {
    const [source, copy] = [inputs[0] as string, outputs[0] as string];
    const content = type === 'Identity' ? tensors.get(source) : undefined;
    if (content?.dtype !== 'float32' || new Set(content.data as Float32Array).size < 3) continue;
    const own = modulesOf(source);
    if (modulesOf(copy).some((path) => own.some((other) => isCallOf(path, other)))) found.add(copy);
  }
  return found;
}

/** `/layer.0/query_1/MatMul` is in the module /layer.0/query_1. */
const moduleOf = ({ name, module }: FileNode): string[] | undefined =>
  module?.split('.') ?? (name.startsWith('/') ? name.split('/').slice(1, -1) : undefined);

/** Whether two paths are of one module: PyTorch's exporter writes a number behind the name of one that is called again. */
function isCallOf(path: string[] | undefined, first: string[] | undefined): boolean {
  if (!path?.length || path.length !== first?.length) return false;
  return path.every((part, i) => {
    const own = first[i] as string;
    return part === own || (part.startsWith(`${own}_`) && /^\d+$/.test(part.slice(own.length + 1)));
  });
}
