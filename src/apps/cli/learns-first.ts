/** Whether "limn index" is to learn a model first, and which of its options go with that. */
import type { Command } from 'commander';
import { LimnError } from '../../core/errors.js';
import { howToLearn } from './learn-options.js';

/** What both ways of indexing have. */
const shared = ['learn', 'images', 'list', 'out', 'json', 'threads', 'device', 'config'];

/** @throws LimnError USAGE for an option that needs --learn, or that does not go with it */
export function learnsFirst({ learn = false }: { learn?: boolean }, command: Command): boolean {
  // What the environment says to all commands is no request to this one.
  const given = command.options.filter((option) => {
    const source = command.getOptionValueSource(option.attributeName());
    return source !== undefined && source !== 'default' && source !== 'env';
  });
  const ofLearning = new Set(howToLearn().map((option) => option.attributeName()));
  const foreign = given.find((option) => {
    const name = option.attributeName();
    return learn ? !shared.includes(name) && !ofLearning.has(name) : ofLearning.has(name);
  });
  if (foreign === undefined) return learn;
  const message = learn
    ? `${foreign.long} does not go with --learn, which makes a model and a gallery of its own: leave one of them out.`
    : `${foreign.long} needs --learn: give it too, or leave it out.`;
  throw new LimnError('USAGE', `${message} See "limn index --help".`);
}
