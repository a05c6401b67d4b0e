/** What PyTorch's newer exporter notes in a file about its modules: which tensors are parameters, and where a node comes from. */
import type { GraphProto, NodeProto, StringStringEntryProto } from '../proto/onnx_pb.js';

export interface ExportNotes {
  /** `parameter` for what a module trains, `buffer` for what it keeps, undefined where the file does not say. */
  kindOf(name: string): 'parameter' | 'buffer' | undefined;
  /** The parameter that a constant was computed from: `blocks.0.fc.weight` of its transpose `val_62`. */
  originOf(name: string): string | undefined;
}

const kindKey = 'pkg.torch.export.graph_signature.InputSpec.kind';
const signatureKey = 'pkg.torch.export.ExportedProgram.graph_signature';
const foldedKey = 'pkg.onnxscript.optimizer.folded_from';
const scopesKey = 'pkg.torch.onnx.name_scopes';

const noteOf = (notes: readonly StringStringEntryProto[], key: string) => notes.find((note) => note.key === key)?.value;

/** The texts in a list as Python writes it. */
const listed = (text: string) => [...text.matchAll(/'([^']*)'/g)].map(([, item]) => item as string);

export function exportNotes(graph: GraphProto): ExportNotes {
  const kinds = new Map<string, string>();
  const signature = noteOf(graph.metadataProps, signatureKey) ?? '';
  for (const [, kind, target] of signature.matchAll(/: ([A-Z_]+) target='([^']+)'/g)) kinds.set(target as string, kind as string);
  const hasSignature = kinds.size > 0;
  for (const { name, metadataProps } of [...graph.input, ...graph.valueInfo]) {
    const kind = noteOf(metadataProps, kindKey);
    if (kind) kinds.set(name, kind);
  }
  const folded = new Map<string, string[]>();
  for (const { name, metadataProps } of [...graph.initializer, ...graph.valueInfo]) {
    const from = noteOf(metadataProps, foldedKey);
    if (from) folded.set(name, listed(from));
  }
  const originOf = (name: string) => folded.get(name)?.find((origin) => kinds.get(origin) === 'PARAMETER');
  return {
    originOf,
    kindOf: (name) => {
      const kind = kinds.get(name);
      if (kind) return kind === 'PARAMETER' ? 'parameter' : 'buffer';
      if (originOf(name) !== undefined) return 'parameter';
      return hasSignature && folded.has(name) ? 'buffer' : undefined;
    },
  };
}

/** The module that a node is of, as a path; undefined where the file does not say. */
export function notedModule(node: NodeProto): string | undefined {
  const scopes = listed(noteOf(node.metadataProps, scopesKey) ?? '');
  return scopes.length > 1 ? scopes.at(-2) : undefined;
}
