/** What makes an ONNX text encoder usable: its tokenizer, its graph's inputs and outputs. */
import { z } from 'zod';
import { encoderName, fileName } from '../image/description.js';

/** The JSON file that describes an ONNX text encoder (a zod schema). */
export const textDescription = z.strictObject({
  /** A short name, used in cache folders and messages. */
  name: encoderName,
  /** The ONNX file. */
  file: z.string().min(1),
  /** Files beside it that hold its weights, where they are not in the file itself. */
  externalData: z.array(fileName).optional(),
  /** The Hub's tokenizer.json and tokenizer_config.json. */
  tokenizer: z.string().min(1),
  /** The file tokenizer_config.json. */
  tokenizerConfig: z.string().min(1),
  /** Names of the graph's inputs, (N, tokens). */
  inputs: z.strictObject({
    ids: z.string().min(1),
    /** 1 for a token, 0 for padding; leave it out where the graph has no such input. */
    mask: z.string().min(1).optional(),
    /** Which of two texts a token belongs to, 0 for the only one; leave it out where the graph has no such input. */
    types: z.string().min(1).optional(),
  }),
  /** The type of the graph's integer inputs. @default 'int64' */
  dtype: z.enum(['int64', 'int32']).default('int64'),
  /** The most tokens that the graph takes, special ones included. */
  length: z.int().min(2).max(8192),
  /** Whether every text is padded to `length`, because the graph insists or was trained so. */
  fixedLength: z.boolean().default(false),
  /** Whether texts are put in lower case before they are split. @default only where the tokenizer does so itself */
  lowercase: z.boolean().optional(),
  /** Whether padding changes what the graph gives of a text, having no mask or in spite of it: only texts of one length are run together. */
  attendsPadding: z.boolean().optional(),
  /** The id of padding. */
  padding: z.int().nonnegative(),
  /** Outputs of the graph, and how they are read. */
  outputs: z.strictObject({
    /** The output with a vector a token, (N, tokens, channels). */
    local: z.string().min(1),
    /** The output with one vector a text, (N, channels). */
    global: z.string().min(1),
  }),
  /** The number of texts that the graph insists on; leave it out where any number will do. */
  batch: z.int().positive().optional(),
  /** Names of float tensors in the ONNX file to train, or not to, whatever they look like; `limn encoders check --names` lists them. */
  trained: z.array(z.string().min(1)).optional(),
  /** Names of float tensors that are never trained. @default none */
  frozen: z.array(z.string().min(1)).optional(),
});

/** The JSON file that describes an ONNX text encoder, with defaults filled in. */
export type TextDescription = z.output<typeof textDescription>;
