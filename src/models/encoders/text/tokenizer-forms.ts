/**
 * Steps of a tokenizer.json that @huggingface/tokenizers reads otherwise than the reference implementation, written with one that both
 * read alike, the parts of a text that a regular expression finds. They differ in what counts as a letter, a digit or white space, in
 * whether marks of punctuation stay together, and in which side the matches of a split go to.
 */

interface Step {
  type?: string;
  behavior?: string;
  invert?: boolean;
  pattern?: { Regex?: string; String?: string };
  pretokenizers?: Step[];
  delimiter?: string;
  individual_digits?: boolean;
  replacement?: string;
  split?: boolean;
  add_prefix_space?: boolean;
}

const letters = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d`;
const space = String.raw`\p{White_Space}`;
const marks = String.raw`[\p{P}$+<=>^\x60|~]`;

/** The parts that `expression` finds. */
const parts = (expression: string): Step => ({
  type: 'Split',
  pattern: { Regex: expression },
  behavior: 'Removed',
  invert: true,
});

/** What a split at `pattern` leaves; `invert` makes what lies between matches the matches. */
function split(pattern: string, behavior: string, invert = false): Step {
  const match = `(?:${pattern})`;
  const gap = String.raw`(?:(?!${match})[\s\S])+`;
  const [one, other] = invert ? [gap, match] : [match, gap];
  switch (behavior.toLowerCase().replaceAll('_', '')) {
    case 'removed':
      return parts(other);
    case 'isolated':
      return parts(`${match}|${gap}`);
    case 'contiguous':
      return parts(`${match}+|${gap}`);
    case 'mergedwithprevious':
      return parts(`${other}(?:${one})?|${one}`);
    case 'mergedwithnext':
      return parts(`${one}(?:${other})|${one}|${other}`);
    default:
      throw new Error(`Unknown Split behavior: ${behavior}`);
  }
}

const literal = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);

function rewritten(step: Step): Step[] {
  const { type, pattern, behavior = 'Isolated', invert = false } = step;
  switch (type) {
    case 'Sequence':
      return (step.pretokenizers ?? []).flatMap(rewritten);
    case 'Whitespace':
      return [parts(`[${letters}]+|[^${letters}${space}]+`)];
    case 'WhitespaceSplit':
      return [parts(`[^${space}]+`)];
    case 'BertPreTokenizer':
      return [parts(`[^${space}]+`), split(marks, 'Isolated')];
    case 'Punctuation':
      return [split(marks, behavior)];
    case 'Digits':
      return [split(String.raw`\p{N}`, step.individual_digits ? 'Isolated' : 'Contiguous')];
    case 'CharDelimiterSplit':
      return [split(literal(step.delimiter ?? ''), 'Removed')];
    case 'Split':
      // These two the library reads right.
      if (pattern?.Regex !== undefined && (behavior === 'Removed' || (behavior === 'Isolated' && !invert))) return [step];
      return [split(pattern?.Regex ?? literal(pattern?.String ?? ''), behavior, invert)];
    case 'Metaspace':
      return step.split === false ? [step] : [step, split(literal(step.replacement ?? '▁'), 'MergedWithNext')];
    default:
      return [step];
  }
}

/** tokenizer_config.json, as far as it overrules tokenizer.json. */
interface Config {
  tokenizer_class?: string | null;
  do_lower_case?: boolean | null;
  strip_accents?: boolean | null;
  tokenize_chinese_chars?: boolean | null;
  add_prefix_space?: boolean | null;
}

/** Classes of transformers that take tokenizer.json as it is. */
const plainClasses = /^(PreTrainedTokenizer|TokenizersBackend)/;
/** Classes that ask their settings whether a text begins with a space. */
const prefixingClasses = /^(Roberta|GPT2|Bart|Longformer|LED|Deberta)Tokenizer/;

/** What a class of transformers makes of a file by its own settings, and by their defaults where there are none. */
function overruled(json: Json, config: Config): Json {
  const { tokenizer_class: name, do_lower_case: lowercase, strip_accents: strips, tokenize_chinese_chars: splits } = config;
  if (!name || plainClasses.test(name)) return json;
  const { normalizer, pre_tokenizer: step } = json;
  const bert = { lowercase: lowercase ?? true, strip_accents: strips ?? null, handle_chinese_chars: splits ?? true };
  const prefixes = step?.type === 'ByteLevel' && prefixingClasses.test(name);
  return {
    ...json,
    ...(normalizer?.type === 'BertNormalizer' ? { normalizer: { ...normalizer, ...bert } } : {}),
    ...(prefixes ? { pre_tokenizer: { ...step, add_prefix_space: config.add_prefix_space ?? false } } : {}),
  };
}

interface Json {
  normalizer?: Step | null;
  pre_tokenizer?: Step | null;
}

/** The same tokenizer in forms that the library reads right, with what transformers takes from its settings. */
export function readableTokenizer(json: object, config: object = {}): object {
  const given = overruled(json, config);
  const step = given.pre_tokenizer;
  return step ? { ...given, pre_tokenizer: { type: 'Sequence', pretokenizers: rewritten(step) } } : given;
}
