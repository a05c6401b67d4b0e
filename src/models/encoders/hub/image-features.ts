/** Which values of a picture encoder's graph are its features, decided by the shapes that a trial run gives. */
import { LimnError } from '../../../core/errors.js';
import { Session } from '../../../engine/runtime/session.js';
import type { Tensor } from '../../../engine/tensor/tensor.js';
import type { EncoderDescription } from '../image/description.js';
import { runGraph } from '../image/image-graph.js';
import { exposeFeatures, type Feature, type Inspection, isInside, noEmbedding, noHiddenState } from './rewire.js';

/** What the caller says of an image encoder's outputs, in place of what its files say. */
export interface FeatureChoices {
  /** The token or the mean that stands for the whole; `output` takes what the file calls its embedding. @default output, class, mean */
  globalFeature?: 'output' | 'class' | 'mean' | undefined;
  /** The order of a feature map. @default by its shape */
  mapLayout?: 'NCHW' | 'NHWC' | undefined;
  /** Tokens at the start that are no place. @default by the number of tokens */
  skipTokens?: number | undefined;
}

export interface ImageFeaturePlan {
  local: Feature;
  global: Feature;
  form: Pick<EncoderDescription['outputs'], 'localForm' | 'skipTokens' | 'globalFrom'>;
  /** What was decided, for readers. */
  notes: string[];
}

/**
 * @param draft the description so far; its outputs are of no account
 * @param patch side of a patch in pixels, where it is known
 * @throws LimnError ENCODER for a graph without features, USAGE that names the option for what shapes do not tell
 */
export async function planImageFeatures(
  inspection: Inspection,
  draft: EncoderDescription,
  patch: number | undefined,
  choices: FeatureChoices,
): Promise<ImageFeaturePlan> {
  const { local, shapes } = await localValue(inspection, draft, choices);
  const notes: string[] = [];
  const ordered = orderedLocal(local, shapes, choices, draft.batch ?? 1, notes);
  const { feature, shape, isMap } = ordered;
  const skipTokens = isMap ? 0 : positionsBefore(shape[1] as number, draft.size, patch, choices.skipTokens, local);
  const form = { localForm: isMap ? 'map' : 'tokens', skipTokens } as const;
  const global = globalFeature(inspection, choices.globalFeature, { shapes, feature, isMap, skipTokens, localShape: shape });
  if (isInside(inspection, local)) notes.push(`The local features are ${local}, a value inside the graph.`);
  if (global.said) notes.push(`The global feature is ${global.said}.`);
  return {
    local: feature,
    global: global.feature,
    form: { ...form, ...(global.said ? { globalFrom: global.said } : {}) },
    notes,
  };
}

/**
 * The value that the local features are: the one that the file names, or the nearest to its embedding that has the form of places. A learned
 * query's own result, which is one place, will only do where nothing else does.
 */
async function localValue(
  inspection: Inspection,
  draft: EncoderDescription,
  choices: FeatureChoices,
): Promise<{ local: string; shapes: Shapes }> {
  const { local: named, global, hidden } = inspection;
  if (named === undefined) throw global === undefined ? noEmbedding(inspection) : noHiddenState(inspection);
  const candidates = hidden.length > 0 ? hidden : [named];
  const tried: { local: string; shapes: Shapes; places: number }[] = [];
  for (const local of candidates) {
    const shapes = await trialShapes(inspection, local, draft);
    const places = candidates.length === 1 ? 2 : placesOf(shapes, draft.batch ?? 1, choices);
    tried.push({ local, shapes, places });
    if (places > 1) break;
  }
  const [first] = tried;
  return tried.find(({ places }) => places > 1) ?? tried.find(({ places }) => places === 1) ?? (first as (typeof tried)[number]);
}

/** The number of places of a value that has the form of tokens or of a square map, 0 for another form. */
function placesOf({ local, global }: Shapes, batch: number, { mapLayout }: FeatureChoices): number {
  const [n, a, b, c] = local as [number, number, number, number];
  if (local.length === 3) return n === batch ? a : a === batch ? n : 0;
  if (local.length !== 4 || n !== batch) return 0;
  const layout = mapLayout ?? layoutOfMap([a, b, c], channelsOf(global));
  if (layout === undefined) return 0;
  return layout === 'NCHW' ? b * c : a * b;
}

const channelsOf = (global: readonly number[] | undefined) => global?.slice(1).reduce((a, b) => a * b, 1);

interface Shapes {
  local: readonly number[];
  global?: readonly number[];
}

async function trialShapes(inspection: Inspection, local: string, draft: EncoderDescription): Promise<Shapes> {
  const { global = local } = inspection;
  const { file, outputs } = await exposeFeatures(inspection, { local: { from: local }, global: { from: global } });
  const session = await Session.open(file, { label: `encoder ${draft.name}` });
  try {
    const grey = new Uint8Array(draft.size ** 2 * 3).fill(128);
    const run = await runGraph(session, { ...draft, outputs: { ...draft.outputs, ...outputs } }, [grey]);
    const shapeOf = (tensor: Tensor) => tensor.shape;
    return { local: shapeOf(run.local), ...(inspection.global === undefined ? {} : { global: shapeOf(run.global) }) };
  } finally {
    await session.close();
  }
}

/** The local feature as tokens (N, tokens, channels) or a map (N, channels, height, width). */
function orderedLocal(
  from: string,
  { local, global }: Shapes,
  { mapLayout }: FeatureChoices,
  batch: number,
  notes: string[],
): { feature: Feature; shape: readonly number[]; isMap: boolean } {
  const width = channelsOf(global);
  const given = `${from} has the shape (N, ${local.slice(1).join(', ')})`;
  if (local.length === 4) {
    const [n, a, b, c] = local as [number, number, number, number];
    const byShape = mapLayout ?? layoutOfMap([a, b, c], width);
    if (byShape === undefined) {
      throw new LimnError(
        'USAGE',
        `${given}, which does not tell channels from positions. Give --map-layout NCHW or --map-layout NHWC.`,
      );
    }
    if (byShape === 'NCHW') return { feature: { from }, shape: local, isMap: true };
    notes.push(`${given}: it is taken as (N, height, width, channels).`);
    return { feature: { from, transpose: [0, 3, 1, 2] }, shape: [n, c, a, b], isMap: true };
  }
  if (local.length !== 3) {
    throw new LimnError('ENCODER', `${given}, which is neither tokens nor a map: export the model with its last hidden state.`);
  }
  const [n, a, b] = local as [number, number, number];
  if (n !== batch && a === batch) {
    notes.push(`${from} has the shape (${n}, N, ${b}): it is taken as (tokens, N, channels).`);
    return { feature: { from, transpose: [1, 0, 2] }, shape: [a, n, b], isMap: false };
  }
  if (width === undefined || a !== width || b === width) return { feature: { from }, shape: local, isMap: false };
  notes.push(`${given}: it is taken as (N, channels, tokens), for the global feature has ${width} channels.`);
  return { feature: { from, transpose: [0, 2, 1] }, shape: [n, b, a], isMap: false };
}

/** Pictures are square, so the two equal extents are the places; where all are equal, the channels of the global feature tell. */
function layoutOfMap([a, b, c]: readonly [number, number, number], width: number | undefined): 'NCHW' | 'NHWC' | undefined {
  if (a !== c) {
    if (b === c && a !== b) return 'NCHW';
    if (a === b && b !== c) return 'NHWC';
  }
  if (width === undefined || (a === width) === (c === width)) return undefined;
  return a === width ? 'NCHW' : 'NHWC';
}

/** Tokens, such as a class token and registers, that stand before those of places. */
function positionsBefore(
  tokens: number,
  size: number,
  patch: number | undefined,
  given: number | undefined,
  from: string,
): number {
  if (given !== undefined) return given;
  const byPatch = patch === undefined ? 0 : Math.floor(size / patch) ** 2;
  if (byPatch > 0 && byPatch <= tokens) return tokens - byPatch;
  const places = Math.floor(Math.sqrt(tokens)) ** 2;
  // A class token, another for distilling, and up to eight registers are what models have.
  if (tokens - places <= 10) return tokens - places;
  throw new LimnError(
    'USAGE',
    `${from} has ${tokens} tokens, which is not a square grid with a few tokens before it. Give --skip-tokens, the number of tokens before the grid.`,
  );
}

interface FoundLocal {
  shapes: Shapes;
  feature: Feature;
  isMap: boolean;
  skipTokens: number;
  /** The feature's shape, in the order in which it is used. */
  localShape: readonly number[];
}

function globalFeature(
  inspection: Inspection,
  wanted: FeatureChoices['globalFeature'],
  { shapes, feature: local, isMap, skipTokens, localShape }: FoundLocal,
): { feature: Feature; said?: string } {
  const output = inspection.global;
  const shape = shapes.global;
  if (wanted === 'output' && output === undefined) throw noEmbedding(inspection);
  if (output !== undefined && shape && (wanted ?? 'output') === 'output') {
    if (shape.length === 2) return { feature: { from: output } };
    const rest = shape.slice(1).filter((extent) => extent !== 1);
    if (rest.length <= 1) return { feature: { from: output, flatten: true } };
    throw new LimnError(
      'USAGE',
      `${output} has the shape (N, ${shape.slice(1).join(', ')}), which is no vector. Give --global-feature mean or --global-feature class.`,
    );
  }
  const kind = wanted ?? (skipTokens > 0 ? 'class' : 'mean');
  if (kind === 'class') {
    if (skipTokens === 0)
      throw new LimnError('USAGE', 'There is no class token before the local tokens. Give --global-feature mean.');
    return { feature: { ...local, token: 0 }, said: `the class token of ${local.from}` };
  }
  if (isMap) {
    const places = (localShape[2] as number) * (localShape[3] as number);
    return { feature: { ...local, mean: { axes: [2, 3] } }, said: `the mean of the ${places} places of ${local.from}` };
  }
  const places = (localShape[1] as number) - skipTokens;
  return {
    feature: { ...local, mean: { axes: [1], skip: skipTokens } },
    said: `the mean of the ${places} places of ${local.from}`,
  };
}
