import { expect, it } from 'vitest';
import { commands } from './commands.js';
import { newProgram } from './program.js';

it.each(Object.entries(commands))('%s is what the help says', async (name, { summary, load }) => {
  const command = await load();
  expect([command.name(), command.description()]).toEqual([name, summary]);
});

it('a program loads the command that is called, and all where its name is not known', async () => {
  const optionsOf = async (words?: readonly string[]) => {
    const program = await newProgram(words);
    return program.commands
      .filter(
        ({ options, commands: inner, registeredArguments }) => options.length + inner.length + registeredArguments.length > 0,
      )
      .map((one) => one.name());
  };
  expect(await optionsOf(['search', '--image', 'a.jpg'])).toEqual(['search']);
  expect(await optionsOf(['--version'])).toEqual([]);
  expect(await optionsOf()).toEqual(Object.keys(commands));
  expect(await optionsOf(['help', 'train'])).toEqual(Object.keys(commands));
  expect(await optionsOf(['completion', 'bash'])).toEqual(Object.keys(commands));
});

it('the help has every command under what a person is about to do', async () => {
  const help = (await newProgram(['--help'])).helpInformation();
  expect(help.match(/^\w+:$/gm)).toEqual(['Options:', 'Try:', 'Learn:', 'Search:', 'Serve:', 'Research:']);
  const places = Object.keys(commands).map((name) => help.search(new RegExp(`^ {2}${name} `, 'm')));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places).not.toContain(-1);
});
