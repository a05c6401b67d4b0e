/** What a shell can complete, read from the commands themselves. */
import type { Command, Option } from 'commander';

export interface CompletedOption {
  /** As they are typed: "--out", "-k". */
  flags: string[];
  summary: string;
  /** What stands behind it; undefined for a switch. */
  value?: CompletedValue;
}

export type CompletedValue = { kind: 'choices'; choices: string[] } | { kind: 'file' | 'folder' | 'other' };

export interface CompletedCommand {
  /** From "limn" on: "limn data check". */
  path: string;
  commands: { name: string; summary: string }[];
  options: CompletedOption[];
  /** What stands behind the command itself; undefined where nothing does. */
  argument?: CompletedValue;
}

/** The command and all commands in it, each before those in it. */
export function definitionOf(program: Command): CompletedCommand[] {
  return describe(program, program.name());
}

function describe(command: Command, path: string): CompletedCommand[] {
  const help = command.createHelp();
  const [argument] = command.registeredArguments;
  const one: CompletedCommand = {
    path,
    commands: help.visibleCommands(command).map((inner) => ({ name: inner.name(), summary: inner.description() })),
    options: help.visibleOptions(command).map(optionOf),
    ...(argument ? { argument: completedValue(argument.argChoices, argument.name()) } : {}),
  };
  return [one, ...command.commands.flatMap((inner) => describe(inner, `${path} ${inner.name()}`))];
}

function optionOf(option: Option): CompletedOption {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined);
  const takes = option.required || option.optional;
  const named = /[<[]([^<[>\]]+)[>\]]/.exec(option.flags)?.[1] ?? '';
  return { flags, summary: option.description, ...(takes ? { value: completedValue(option.argChoices, named) } : {}) };
}

/** @param name of the value, as the help has it: "file", "name=folder" */
function completedValue(choices: readonly string[] | undefined, name: string): CompletedValue {
  if (choices) return { kind: 'choices', choices: [...choices] };
  if (/\bfile\b/.test(name)) return { kind: 'file' };
  return { kind: /^(folder|location|name=folder|name=location)$/.test(name) ? 'folder' : 'other' };
}
