/** What one run leaves behind: result.json, written last, so that a run that has one is done. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { sealed, unsealed } from '../../core/checksum.js';
import { LimnError, messageOf } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { mistakeIn } from '../../core/schema.js';

const finite = z.number();

/** What a finished run leaves in result.json. */
export const resultSchema = z.object({
  /** Version of the file. */
  format: z.literal('limn-result-1'),
  /** SHA-256 of the settings, and of the dataset's annotations with the encoder's id. */
  hash: z.object({ settings: z.string(), data: z.string() }),
  /** Id of the method. */
  method: z.string(),
  /** Category of the dataset; absent if it has none. */
  category: z.string().optional(),
  /** Seed of the training. */
  seed: z.int(),
  /** Id of the protocol. */
  protocol: z.string(),
  /** The split that was measured. */
  split: z.string(),
  /** How many queries were ranked. */
  queries: z.int(),
  /** How many images were ranked. */
  gallery: z.int(),
  /** Images of the split that were absent. */
  missing: z.int(),
  /** In percent, by name. */
  metrics: z.record(z.string(), finite),
  /** One rank a query, little-endian uint32 as base64; empty for captioners. */
  ranks: z.string(),
  /** The same among each query's own subset, where the protocol has such. */
  subsetRanks: z.string().optional(),
  /** What each pair adds to a metric of captioners, in percent: little-endian float64 as base64, by name. */
  scores: z.record(z.string(), z.string()).optional(),
  /** The best hits of some queries, for the page. */
  examples: z.array(
    z.object({
      reference: z.string(),
      text: z.string(),
      targets: z.array(z.string()),
      rank: z.int(),
      hits: z.array(z.string()),
    }),
  ),
  /** Trained numbers of the model. */
  parameters: z.int(),
  /** Seconds of training, the best epoch, and optimizer steps. */
  training: z.object({ seconds: finite, epoch: z.int(), steps: z.int() }),
  /** The hash of the model's weights, and its image encoder. */
  model: z.object({ hash: z.string(), encoder: z.string() }),
  /** Versions of limn, Node and ONNX Runtime. */
  versions: z.object({ limn: z.string(), node: z.string(), onnxruntime: z.string() }),
  /** The processor and its number of cores. */
  machine: z.object({ cpu: z.string(), cores: z.int() }),
  /** When the run ended, ISO 8601. */
  date: z.string(),
  /** The command line, without passwords. */
  command: z.string(),
});

/** What a finished run leaves in result.json. */
export type RunResult = z.output<typeof resultSchema>;

const fileIn = (folder: string) => join(folder, 'result.json');

export async function writeResult(folder: string, result: RunResult): Promise<void> {
  await writeFileAtomic(fileIn(folder), `${JSON.stringify(sealed(resultSchema.parse(result)), undefined, 2)}\n`);
}

/** The result of a run folder, or undefined where the run is not done. @throws LimnError DATA when the file is damaged */
export async function readResult(folder: string): Promise<RunResult | undefined> {
  const path = fileIn(folder);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new LimnError('IO', `Cannot read ${path}: ${messageOf(error)}.`, { cause: error });
  });
  if (text === undefined) return undefined;
  const damaged = (why: string) =>
    new LimnError('DATA', `${path} is damaged (${why}): delete the folder ${folder} to train this run again.`, {
      details: { path },
    });
  let value: unknown;
  try {
    value = unsealed(JSON.parse(text), path);
  } catch (error) {
    throw damaged(messageOf(error));
  }
  const parsed = resultSchema.safeParse(value);
  if (!parsed.success) throw damaged(`"${mistakeIn(parsed.error).place}" is wrong`);
  const { queries, ranks, scores } = parsed.data;
  const counts = scores ? Object.values(scores).map((one) => decodeScores(one).length) : [decodeRanks(ranks).length];
  if (counts.some((count) => count !== queries)) throw damaged(`it has not one ${scores ? 'score' : 'rank'} a query`);
  return parsed.data;
}

export function encodeRanks(ranks: readonly number[]): string {
  const bytes = Buffer.alloc(ranks.length * 4);
  for (const [at, rank] of ranks.entries()) bytes.writeUInt32LE(rank, at * 4);
  return bytes.toString('base64');
}

export function decodeRanks(text: string): number[] {
  const bytes = Buffer.from(text, 'base64');
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) => bytes.readUInt32LE(at * 4));
}

export function encodeScores(scores: readonly number[]): string {
  const bytes = Buffer.alloc(scores.length * 8);
  for (const [at, score] of scores.entries()) bytes.writeDoubleLE(score, at * 8);
  return bytes.toString('base64');
}

export function decodeScores(text: string): number[] {
  const bytes = Buffer.from(text, 'base64');
  return Array.from({ length: Math.floor(bytes.length / 8) }, (_, at) => bytes.readDoubleLE(at * 8));
}

/** Where and with what a result was made. */
export function surroundings(): Pick<RunResult, 'versions' | 'machine' | 'date'> {
  const require = createRequire(import.meta.url);
  const version = (path: string) => (require(path) as { version: string }).version;
  const processors = cpus();
  return {
    versions: {
      limn: version('../../../package.json'),
      node: process.versions.node,
      onnxruntime: version('onnxruntime-node/package.json'),
    },
    machine: { cpu: processors[0]?.model.trim() ?? 'unknown', cores: processors.length },
    date: new Date().toISOString(),
  };
}
