/** What a folder of sentence-transformers says of how its texts are read and pooled: modules.json and the files that it names. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../../core/files.js';

export interface SentenceSettings {
  /** What becomes of the tokens: a way that limn knows, or the ways of the library in its own words. */
  pooling: 'class' | 'mean' | { other: string };
  /** Kinds of the steps after the pooling that change more than a vector's length, such as Dense. */
  after: string[];
  /** The most tokens of a text. */
  length?: number;
  lowercase: boolean;
  /** What is put before every text. */
  prompt?: string;
}

const ways = ['cls_token', 'mean_tokens', 'max_tokens', 'mean_sqrt_len_tokens', 'weightedmean_tokens', 'lasttoken'] as const;
const poolingSchema = z.looseObject({ pooling_mode: z.union([z.string(), z.array(z.string())]).optional() }).catch({});
const modulesSchema = z.array(z.looseObject({ type: z.string(), path: z.string() })).catch([]);
const transformerSchema = z
  .object({ max_seq_length: z.number().int().positive().nullish(), do_lower_case: z.boolean().nullish() })
  .catch({});
const promptSchema = z
  .object({ prompts: z.record(z.string(), z.string().nullable()).nullish(), default_prompt_name: z.string().nullish() })
  .catch({});

/** Undefined for a folder of another library. */
export async function readSentenceSettings(folder: string): Promise<SentenceSettings | undefined> {
  const read = async <T>(schema: z.ZodType<T>, path: string): Promise<T | undefined> =>
    existsSync(join(folder, path))
      ? schema.parse(await readJson(join(folder, path), "a sentence encoder's settings"))
      : undefined;
  const modules = (await read(modulesSchema, 'modules.json')) ?? [];
  const kindOf = ({ type }: { type: string }) => type.split('.').at(-1) as string;
  const at = modules.findIndex((module) => kindOf(module) === 'Pooling');
  const pooling = await read(poolingSchema, join(modules[at]?.path ?? '1_Pooling', 'config.json'));
  if (pooling === undefined) return undefined;
  const after = at < 0 ? [] : modules.slice(at + 1).map(kindOf);
  const transformer = (await read(transformerSchema, 'sentence_bert_config.json')) ?? {};
  const { prompts, default_prompt_name: name } = (await read(promptSchema, 'config_sentence_transformers.json')) ?? {};
  const prompt = name ? prompts?.[name] : undefined;
  return {
    pooling: poolingOf(pooling),
    after: after.filter((kind) => kind !== 'Normalize' && kind !== 'Dropout'),
    ...(transformer.max_seq_length ? { length: transformer.max_seq_length } : {}),
    lowercase: transformer.do_lower_case === true,
    ...(prompt ? { prompt } : {}),
  };
}

/** Newer files name the ways, older ones say yes or no to each; several are put side by side. */
function poolingOf(settings: z.output<typeof poolingSchema>): SentenceSettings['pooling'] {
  const { pooling_mode: named } = settings;
  const listed = named === undefined ? [] : [named].flat();
  const chosen = named === undefined ? ways.filter((way) => settings[`pooling_mode_${way}`] === true) : listed;
  const short = chosen.map((way) => basename(way).replace(/_tokens?$/, ''));
  const [only = 'mean'] = short;
  if (short.length < 2 && (only === 'mean' || only === 'cls')) return only === 'cls' ? 'class' : 'mean';
  return { other: short.join(' and ') };
}
