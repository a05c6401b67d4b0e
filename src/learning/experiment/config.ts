/**
 * The file of an experiment: one dataset, one protocol, one way to see pictures, and the methods and seeds to compare on them.
 * Paths are relative to the file, and `$NAME` in them is taken from the environment.
 */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { LimnError, messageOf } from '../../core/errors.js';
import { readJson } from '../../core/files.js';
import { check } from '../../core/schema.js';
import { suggestion } from '../../core/suggest.js';
import { patchSettings } from '../../models/backbone/config.js';
import { findDataset } from '../data/datasets.js';

const id = z.string().regex(/^[\w][\w.+-]*$/, 'use letters, digits, ".", "-" and "_"');
const name = z.string().min(1);
const oneOrMore = z.union([name, z.array(name).min(1)]);
const settings = z.record(z.string(), z.unknown());

/** A method of an experiment. */
const methodSchema = z.strictObject({
  id,
  /** What reports call it. @default the id */
  label: name.optional(),
  /** What differs from the experiment's `model`; `weights` are merged key by key. */
  model: settings.default({}),
  /** What differs from the experiment's `training`. */
  training: settings.default({}),
  /** Trains it in rounds (LIMN+): what differs from the experiment's `selfTraining`. @default trained on the labels, once */
  selfTraining: settings.optional(),
});

/** The file of an experiment. */
const experimentSchema = z.strictObject({
  /** Names the experiment's section in reports. */
  name: id,
  /** Heading of the report. */
  title: name,
  /** What a reader of the report must know. @default nothing */
  note: z.string().optional(),
  /** Files or packages of plug-ins, relative to the file. The command line loads them; a program calls `loadPlugins` first. @default none */
  plugins: z.array(name).optional(),
  /** The dataset, and where it is. */
  dataset: z.strictObject({
    /** The layout of the files. */
    format: name,
    directory: name,
    /** Several categories: a model for each, reported one by one and as their average. */
    category: oneOrMore.optional(),
    /** What absent pictures do. @default 'error', or 'ignore' where captions stand in for them */
    onMissing: z.enum(['error', 'skip', 'ignore']).optional(),
    /** A file of spelling corrections; `{category}` is replaced. */
    spelling: name.optional(),
  }),
  /** Another dataset to learn from: its train split is trained on, and its val split chooses the epoch. @default `dataset` itself */
  trainOn: z
    .strictObject({
      /** The layout of the files. */
      format: name,
      /** `{category}` is replaced. */
      directory: name,
    })
    .optional(),
  /** How images are seen: an encoder, or captions in place of images. */
  images: z.union([
    z
      .strictObject({
        encoder: name,
        ...patchSettings.shape,
        /** The first block of an encoder from a file that is trained with the rest. @default none: it is frozen */
        trainFrom: z.int().nonnegative().optional(),
      })
      .refine(({ encoder, trainFrom }) => encoder !== 'patch' || trainFrom === undefined, {
        path: ['trainFrom'],
        error: 'it chooses the blocks of an encoder from a file, but "patch" is always trained as a whole; leave it out',
      }),
    /** Files of captions that stand in for the pictures; `{category}` is replaced. */
    z.strictObject({ captions: oneOrMore }),
  ]),
  /** A text encoder that was pulled or imported. @default word vectors that are trained with the rest */
  text: z
    .strictObject({ encoder: name, tokens: z.int().min(2).optional(), trainFrom: z.int().nonnegative().optional() })
    .optional(),
  /** What is trained and measured: methods of retrieval, or difference captioners. */
  task: z.enum(['retrieve', 'caption']).default('retrieve'),
  /** Id of the protocol that measures the methods. */
  protocol: name,
  /** The split that is measured. Its recall chooses the best epoch too, except that `val` does so for `test`. */
  split: z.enum(['train', 'val', 'test']).default('val'),
  /** Model settings that all methods share. @default {} */
  model: settings.default({}),
  /** Training settings that all methods share. @default {} */
  training: settings.default({}),
  /** For the methods that have a `selfTraining` of their own; see train/self-training/settings.ts. */
  selfTraining: settings.default({}),
  /** The methods to compare. */
  methods: z.array(methodSchema).min(1),
  /** One training for each method, category and seed. @default [1, 2, 3] */
  seeds: z
    .array(z.int().nonnegative().max(0xffffffff))
    .min(1)
    .refine((seeds) => new Set(seeds).size === seeds.length, 'a seed is named twice')
    .default([1, 2, 3]),
  /** The method that differences are taken to. @default the first */
  compareTo: name.optional(),
  /** Columns of the report. @default R@1, R@10 and R@50 */
  metrics: z.array(name).min(1).default(['R@1', 'R@10', 'R@50']),
  /** Queries whose rankings the page shows, with their pictures. */
  examples: z.int().nonnegative().max(24).default(6),
});

/** A method of an experiment. */
export type ExperimentMethod = z.output<typeof methodSchema> & {
  /** What reports call it. */
  label: string;
};
/** The file of an experiment, with defaults filled in. */
type Parsed = z.output<typeof experimentSchema>;

/** An experiment that was read from a file: paths are absolute, and defaults filled in. */
export type Experiment = Omit<Parsed, 'methods' | 'compareTo' | 'images' | 'dataset' | 'trainOn'> & {
  /** The dataset, where it is, and what absent images do. */
  dataset: {
    /** Id of the layout. */
    format: string;
    /** The dataset's folder. */
    directory: string;
    /** What absent images do. */
    onMissing: 'error' | 'skip' | 'ignore';
    /** A file of spelling corrections. @default none */
    spelling?: string;
  };
  /** Another dataset to learn from; its val split chooses the epoch. @default `dataset` itself */
  trainOn?: {
    /** Id of the layout. */
    format: string;
    /** The dataset's folder; `{category}` is replaced. */
    directory: string;
  };
  /** The methods to compare. */
  methods: ExperimentMethod[];
  /** How images are seen: an encoder, or files of captions in place of images. */
  images: Exclude<Parsed['images'], { captions: unknown }> | { captions: string[] };
  /** Id of the method that differences are taken to. */
  compareTo: string;
  /** The dataset's categories; [undefined] where it has none or one that needs no name. */
  categories: (string | undefined)[];
  /** Where it was read from. */
  file: string;
};

/** Reads an experiment's file. @throws LimnError CONFIG, in one line, for whatever is wrong with it */
export async function readExperiment(file: string): Promise<Experiment> {
  const raw = await readJson(file, 'an experiment').catch((error) => {
    throw new LimnError('CONFIG', messageOf(error), { cause: error });
  });
  return parseExperiment(raw, file);
}

/** An experiment from its JSON value. @param file where it came from, for paths and messages */
export function parseExperiment(raw: unknown, file: string): Experiment {
  const parsed = check(experimentSchema, raw, file);
  const methods = parsed.methods.map((method) => ({ ...method, label: method.label ?? method.id }));
  const ids = methods.map((method) => method.id);
  const twice = ids.find((one, at) => ids.indexOf(one) !== at);
  if (twice !== undefined) throw new LimnError('CONFIG', `${file} has two methods with the id "${twice}"; rename one.`);
  const compareTo = parsed.compareTo ?? (ids[0] as string);
  if (!ids.includes(compareTo)) {
    throw new LimnError(
      'CONFIG',
      `${file} compares to "${compareTo}", which is not one of its methods. ${suggestion(compareTo, ids)}`,
    );
  }
  const place = (path: string) => resolve(dirname(file), expandVariables(path, file));
  const places = (paths: string | string[]) => [paths].flat().map(place);
  const { dataset, images, trainOn, ...others } = parsed;
  return {
    ...others,
    methods,
    compareTo,
    categories: dataset.category === undefined ? [undefined] : [dataset.category].flat(),
    dataset: {
      format: dataset.format,
      directory: place(dataset.directory),
      onMissing: dataset.onMissing ?? ('captions' in images ? 'ignore' : 'error'),
      ...(dataset.spelling === undefined ? {} : { spelling: place(dataset.spelling) }),
    },
    ...(trainOn ? { trainOn: { format: trainOn.format, directory: place(trainOn.directory) } } : {}),
    images:
      'captions' in images
        ? { captions: places(images.captions) }
        : { ...images, encoder: encoderLocation(images.encoder, place) },
    file,
  };
}

/** Names stay names; only what looks like a path is one. */
const encoderLocation = (encoder: string, place: (path: string) => string) =>
  /^[.$]|^\/|\.json$/.test(encoder) ? place(encoder) : encoder;

function expandVariables(path: string, file: string): string {
  return path.replace(/\$(\w+)/g, (_, variable: string) => {
    const value = process.env[variable];
    if (value) return value;
    throw new LimnError(
      'CONFIG',
      `${file} needs the environment variable ${variable}, which is not set: set it to the folder of your data.`,
    );
  });
}

export interface RunSettings {
  model: Record<string, unknown>;
  training: Record<string, unknown>;
  /** All settings of the rounds, with `limn` holding the other two; only for methods that are trained in rounds. */
  selfTraining?: Record<string, unknown>;
}

/** The settings of one method: the experiment's, with the method's over them; `model.weights` key by key. */
export function settingsOf(experiment: Experiment, method: ExperimentMethod): RunSettings {
  const weights = { ...(experiment.model.weights as object), ...(method.model.weights as object) };
  const model = { ...experiment.model, ...method.model, ...(Object.keys(weights).length > 0 ? { weights } : {}) };
  const { trainOn } = experiment;
  const protocol = trainOn ? findDataset(trainOn.format).defaultProtocol : experiment.protocol;
  const training = { protocol, ...experiment.training, ...method.training };
  if (!method.selfTraining) return { model, training };
  return { model, training, selfTraining: { ...experiment.selfTraining, ...method.selfTraining, limn: { model, training } } };
}
