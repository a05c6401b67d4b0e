/** Options whose range, choices, text and default are those of the zod schema of the setting that they set. */
import { Option } from 'commander';
import { z } from 'zod';
import { numberOption } from './options.js';

/** What JSON Schema says of a plain setting. */
interface PlainSetting {
  type?: 'number' | 'integer' | 'string' | 'boolean';
  enum?: string[];
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  exclusiveMaximum?: number;
  default?: unknown;
  description?: string;
}

export interface SettingOptionTexts {
  /** What the setting is, where the schema's own words do not fit here. */
  text?: string;
  /** The default in words, for a setting whose schema has none. */
  usually?: string;
}

/**
 * The option of a setting. Without the flag its value is undefined, so that what a config file or the library says holds.
 *
 * @param flags as commander takes them, e.g. `--batch-size <count>`
 * @param setting a number, an enum, a string or a boolean; its description is the option's text
 */
export function settingOption(flags: string, setting: z.ZodType, { text, usually }: SettingOptionTexts = {}): Option {
  const schema = z.toJSONSchema(setting, { io: 'input' }) as PlainSetting;
  const about = text ?? schema.description;
  if (about === undefined) throw new Error(`The setting of ${flags} has no description.`);
  const isSwitch = schema.type === 'boolean';
  const standard = usually ?? (isSwitch ? undefined : schema.default);
  const help = standard === undefined ? about : `${about} (default: ${standard})`;
  if (schema.type !== 'number' && schema.type !== 'integer') {
    const option = new Option(flags, help);
    return schema.enum ? option.choices(schema.enum) : option;
  }
  const whole = schema.type === 'integer';
  const { maximum, exclusiveMaximum } = schema;
  // The whole numbers above 0 are those from 1.
  const above = schema.exclusiveMinimum !== undefined && !whole;
  const least = schema.minimum ?? (schema.exclusiveMinimum === undefined ? undefined : schema.exclusiveMinimum + (whole ? 1 : 0));
  const most = maximum ?? exclusiveMaximum;
  return numberOption(flags, help, {
    ...(least === undefined ? {} : { least }),
    ...(most === undefined || most === Number.MAX_SAFE_INTEGER ? {} : { most }),
    above,
    below: exclusiveMaximum !== undefined,
    whole,
  });
}
