/** Which files of a folder make an encoder, whatever they are called: an ONNX file is told by what it takes. */
import { join } from 'node:path';
import { LimnError } from '../../../core/errors.js';
import { elementTypeName } from '../../../engine/graph/element-types.js';
import { settingsFiles } from './image-steps.js';
import { chooseFiles, dtypeOfName, type EncoderDtype, type EncoderLayout, textSettings } from './layout.js';
import { type Inspection, inspectEncoder, integers } from './rewire.js';

const made = /\.limn\.onnx$/;

/**
 * @param root the folder
 * @param paths of its files, relative, with "/"
 * @param given the ONNX file to take, where the folder has several
 * @param label the folder, for error messages
 * @throws LimnError DATA for what is missing, USAGE where several files would do, ENCODER for a file that is no encoder
 */
export async function findEncoderFiles(
  root: string,
  paths: readonly string[],
  { dtype, given }: { dtype?: EncoderDtype | undefined; given?: string | undefined },
  label: string,
): Promise<EncoderLayout> {
  const onnx = paths.filter((path) => path.endsWith('.onnx') && !made.test(path));
  const towers = onnx.some((path) => /(^|\/)vision_model(_\w+)?\.onnx$/.test(path));
  if (onnx.length === 0) throw noOnnx(paths, label);
  const wanted = given !== undefined ? [given] : towers ? towersOf(paths, dtype, label) : ofOneKind(onnx, dtype, label);
  const inspections = await Promise.all(wanted.map(async (path) => ({ path, found: await inspectEncoder(join(root, path)) })));
  const other = towers ? inspections.find(({ found }) => !['picture', 'text'].includes(sideOf(found))) : undefined;
  if (other) throw noEncoder(other.found, label);
  const of = (side: Side) => inspections.filter(({ found }) => sideOf(found) === side).map(({ path }) => path);
  const [images, texts] = [of('picture'), of('text')];
  if (images.length > 1 || texts.length > 1) {
    const several = images.length > 1 ? images : texts;
    throw new LimnError(
      'USAGE',
      `${label} has several encoders of ${images.length > 1 ? 'images' : 'texts'}: ${several.join(', ')}. Give the file in place of the folder.`,
    );
  }
  const [image, text] = [images[0], texts[0]];
  if (image === undefined && text === undefined) throw noEncoder(inspections[0]?.found as Inspection, label);
  const present = new Set(paths);
  const missing = text === undefined ? [] : textSettings.filter((path) => !present.has(path));
  if (missing.length > 0) {
    const alone = image === undefined ? '' : ` For images alone, give ${image} in place of the folder.`;
    const message = `${label} has no ${missing.join(' and no ')}, which its encoder needs. In Python, AutoTokenizer.from_pretrained(MODEL).save_pretrained(FOLDER) of transformers writes these files.${alone}`;
    throw new LimnError('DATA', message, { details: { missing } });
  }
  const taken = inspections.filter(({ path }) => path === image || path === text);
  const beside = (path: string, name: string) => join(path, '..', name).replaceAll('\\', '/');
  const external = taken.flatMap(({ path, found }) => found.externalData.map((name) => beside(path, name)));
  const settings = settingsFiles.filter((path) => present.has(path));
  return {
    dtype: dtype ?? dtypeOf(taken[0] as { path: string; found: Inspection }),
    ...(image === undefined ? {} : { image }),
    ...(text === undefined ? {} : { text }),
    files: [
      ...new Set([...settings, ...(text === undefined ? [] : textSettings), ...taken.map(({ path }) => path), ...external]),
    ],
  };
}

/** What the name says, and where it says nothing, what the weights are. */
function dtypeOf({ path, found }: { path: string; found: Inspection }): EncoderDtype {
  const named = dtypeOfName(path);
  return named === 'fp32' ? found.precision : named;
}

function towersOf(paths: readonly string[], dtype: EncoderDtype | undefined, label: string): string[] {
  const { image, text } = chooseFiles(paths, dtype, label, false);
  return [image, text].flatMap((path) => path ?? []);
}

/** The files of one kind of weights: model.onnx rather than model_fp16.onnx. */
function ofOneKind(onnx: readonly string[], dtype: EncoderDtype | undefined, label: string): string[] {
  if (dtype !== undefined) {
    const chosen = onnx.filter((path) => dtypeOfName(path) === dtype);
    if (chosen.length > 0) return chosen;
    const kinds = [...new Set(onnx.map(dtypeOfName))];
    throw new LimnError('DATA', `${label} has no model with dtype ${dtype}: it has ${kinds.join(', ')}.`, { details: { kinds } });
  }
  const plain = onnx.filter((path) => dtypeOfName(path) === 'fp32' && !isVariant(path, onnx));
  return plain.length > 0 ? plain : [onnx[0] as string];
}

/** Words by which optimizers and quantisers name what they write beside a file: model_O3.onnx, model_qint8_avx512.onnx. */
const madeBy = new Set(['optimized', 'o1', 'o2', 'o3', 'o4', 'int8', 'uint8', 'qint8', 'quint8', 'fp16', 'bf16']);

function isVariant(path: string, onnx: readonly string[]): boolean {
  const words = path.slice(0, -'.onnx'.length).split('_');
  return words.some((word, i) => i > 0 && madeBy.has(word.toLowerCase()) && onnx.includes(`${words.slice(0, i).join('_')}.onnx`));
}

/** Files of other programs that hold a model. */
const ofOthers = /\.(safetensors|bin|pt|pth|ckpt|h5|keras|msgpack|gguf|tflite|ort|xml|engine|mlpackage|pb)$/;

function noOnnx(paths: readonly string[], label: string): LimnError {
  const others = paths.filter((path) => ofOthers.test(path)).slice(0, 4);
  const but = others.length > 0 ? `, but files for other programs (${others.join(', ')})` : '';
  const message = `${label} has no ONNX files${but}. Export the model to ONNX, such as with "optimum-cli export onnx --model MODEL --task feature-extraction FOLDER", or take a folder in the layout of transformers.js.`;
  return new LimnError('DATA', message, { details: { others } });
}

type Side = 'picture' | 'text' | 'both' | 'patches' | 'steps' | 'neither';
/** Inputs that say where the patches of images of any shape lie: of SigLIP 2 NaFlex, Qwen's and their like. */
const placesOfPatches = ['spatial_shapes', 'image_grid_thw', 'pixel_attention_mask', 'pixel_position_ids', 'patch_coord'];

/** Inputs of models that write a text token by token. */
const pastTokens = /^past_key|^past\b|cache_position/;

function sideOf({ inputs }: Inspection): Side {
  if (inputs.some(({ name }) => placesOfPatches.includes(name))) return 'patches';
  const texts = inputs.some(({ elementType, shape }) => integers.includes(elementType) && shape.length <= 2);
  const past = inputs.some(({ name }) => pastTokens.test(name));
  if (past) return 'steps';
  const images = inputs.some(({ shape }) => shape.length === 4);
  if (texts && images) return 'both';
  return texts ? 'text' : images ? 'picture' : 'neither';
}

function noEncoder(found: Inspection, label: string): LimnError {
  const described = found.inputs.map(
    ({ name, elementType, shape }) =>
      `${name}, ${elementTypeName(elementType)} (${shape.map((extent) => extent ?? '?').join(', ')})`,
  );
  const takes = described.join('; ');
  const reasons: Partial<Record<Side, string>> = {
    both: 'it takes images and texts in one. Export its image and its text model apart, as vision_model.onnx and text_model.onnx',
    steps: `it takes ${found.inputs.find(({ name }) => pastTokens.test(name))?.name}, as models do that write a text token by token. Export it without a cache, for the task feature-extraction`,
    patches: `it takes ${takes}: patches of images of any shape, as SigLIP 2 NaFlex does. limn gives images of one size, (N, 3, height, width). Take a model of one size, such as siglip2-base-patch16-224`,
  };
  const why =
    reasons[sideOf(found)] ??
    `it takes ${takes || 'nothing'}, which is neither an image (N, 3, height, width) nor token ids, int64 (N, tokens)`;
  return new LimnError('ENCODER', `${label} is not an encoder that limn can use: ${why}.`, { details: { file: found.file } });
}
