/** Cached features that stay where a training graph is computed: a step feeds the rows of its images, and the graph gathers their features. */
import type { GatheredInput, InputSpec } from '../../engine/nn/training.js';

/** How tables of features lie on a device. */
export interface ResidentFeatures {
  /** Images, the rows of the tables. */
  count: number;
  /** float32 where the device has no float16. */
  dtype: 'float16' | 'float32';
  /** Local features of an image; a row of the table is one token of an image. */
  tokens: number;
  /** Columns of each part of the table of local features, (count * tokens, columns); none where no method reads them. */
  local: readonly number[];
  /** Columns of each part of the table of global features, (count, columns). */
  global: readonly number[];
}

/** The tensor of a part of a table. */
export const partName = (kind: 'local' | 'global', part: number) => `features.${kind}.${part}`;

/** The inputs of a batch with those of cached features gathered, where they are resident; see {@link residentFeeds} for what is fed. */
export function withResident(
  inputs: Readonly<Record<string, InputSpec>>,
  resident: ResidentFeatures | undefined,
): Record<string, InputSpec> {
  if (!resident) return { ...inputs };
  const gatheredFrom = (name: string, shape: readonly number[]): GatheredInput | undefined => {
    const [, prefix = '', kind] = /^(.*\.)?(local|global)$/.exec(name) ?? [];
    if (kind !== 'local' && kind !== 'global') return undefined;
    const rows = kind === 'local' ? resident.count * resident.tokens : resident.count;
    const parts = resident[kind].map((columns, i) => ({
      name: partName(kind, i),
      dtype: resident.dtype,
      shape: [rows, columns],
    }));
    return { parts, rows: { name: `${prefix}${kind}Rows`, shape: shape.slice(0, -1) } };
  };
  return Object.fromEntries(
    Object.entries(inputs).map(([name, spec]): [string, InputSpec] => {
      const gathered = gatheredFrom(name, spec.shape);
      return [name, gathered ? { ...spec, gathered } : spec];
    }),
  );
}
