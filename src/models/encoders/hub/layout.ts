/** Which files of a repository or folder make an encoder: the layout of transformers.js. */
import { LimnError } from '../../../core/errors.js';

/** Kinds of weights, and what they add to a file's name. */
const dtypeSuffixes = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
} as const;

export type EncoderDtype = keyof typeof dtypeSuffixes;
export const encoderDtypes = Object.keys(dtypeSuffixes) as EncoderDtype[];

export interface EncoderLayout {
  dtype: EncoderDtype;
  /** The picture tower's ONNX file; absent for an encoder of texts alone. */
  image?: string;
  /** The text tower's, where there is one. */
  text?: string;
  /** Every file that is needed, these included. */
  files: string[];
}

/** The settings that every encoder has, and those that a text tower needs besides. */
const settings = ['config.json', 'preprocessor_config.json'];
export const textSettings = ['tokenizer.json', 'tokenizer_config.json'];

/**
 * Chooses files from those that are there.
 *
 * @param paths relative, with "/"
 * @param dtype @default fp32, or the first kind there is
 * @param label the repository or folder, for error messages
 * @param complete whether the settings must be there too
 * @throws LimnError DATA that says what is missing and what is there
 */
export function chooseFiles(
  paths: readonly string[],
  dtype: EncoderDtype | undefined,
  label: string,
  complete = true,
): EncoderLayout {
  const present = new Set(paths);
  const towerFile = (tower: string, kind: EncoderDtype) =>
    ['onnx/', ''].map((folder) => `${folder}${tower}${dtypeSuffixes[kind]}.onnx`).find((path) => present.has(path));
  const kindsOf = (tower: string) => encoderDtypes.filter((kind) => towerFile(tower, kind));
  // Encoders of pictures alone have one file with a plain name.
  const tower = kindsOf('vision_model').length > 0 ? 'vision_model' : 'model';
  const kinds = kindsOf(tower);
  const chosen = dtype ?? kinds[0];
  if (chosen === undefined) {
    const onnx = paths.filter((path) => path.endsWith('.onnx')).slice(0, 6);
    throw new LimnError(
      'DATA',
      `${label} has no onnx/vision_model.onnx: ${onnx.length > 0 ? `its ONNX files are ${onnx.join(', ')}` : 'it has no ONNX files'}. Take one in the layout of transformers.js, such as those of Xenova.`,
      { details: { onnx } },
    );
  }
  const image = towerFile(tower, chosen);
  if (!image) {
    throw new LimnError('DATA', `${label} has no ${tower} with dtype ${chosen}: it has ${kinds.join(', ')}.`, {
      details: { kinds },
    });
  }
  const hasText = tower === 'vision_model' && kindsOf('text_model').length > 0;
  const text = hasText ? towerFile('text_model', chosen) : undefined;
  if (hasText && !text) {
    throw new LimnError('DATA', `${label} has no text_model with dtype ${chosen}: it has ${kindsOf('text_model').join(', ')}.`);
  }
  // transformers 5 keeps the settings of a preprocessor in processor_config.json.
  const nested = present.has('preprocessor_config.json') ? [] : ['processor_config.json'].filter((path) => present.has(path));
  const own = nested.length > 0 ? ['config.json', ...nested] : settings;
  const needed = [...own, ...(text ? textSettings : [])];
  const missing = needed.filter((path) => !present.has(path));
  if (complete && missing.length > 0) {
    throw new LimnError('DATA', `${label} has no ${missing.join(' and no ')}, which its encoder needs.`, {
      details: { missing },
    });
  }
  const graphs = [image, ...(text ? [text] : [])];
  const external = graphs.flatMap((graph) => paths.filter((path) => isDataOf(path, graph)));
  return { dtype: chosen, image, ...(text ? { text } : {}), files: [...needed, ...graphs, ...external] };
}

/** Weights beside a graph: vision_model.onnx_data, vision_model.onnx_data_1, vision_model.onnx.data. */
function isDataOf(path: string, graph: string): boolean {
  const rest = path.startsWith(graph) ? path.slice(graph.length) : '';
  return /^(_data(_\d+)?|\.data)$/.test(rest);
}

/** The kind of weights that a file's name tells; fp32 where it tells none. */
export function dtypeOfName(path: string): EncoderDtype {
  const kinds = encoderDtypes.filter((kind) => kind !== 'fp32' && path.endsWith(`${dtypeSuffixes[kind]}.onnx`));
  return kinds.sort((a, b) => dtypeSuffixes[b].length - dtypeSuffixes[a].length)[0] ?? 'fp32';
}
