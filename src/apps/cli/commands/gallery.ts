/** limn gallery check */
import { Command } from 'commander';
import { checkGallery, type GalleryCheck } from '../../../search/gallery/check-gallery.js';
import { runLong } from '../long-work.js';

export function galleryCommand(): Command {
  const command = new Command('gallery').description('Check or repair a gallery.');
  command.addCommand(
    new Command('check')
      .description('Verify every item of a gallery in any store. The exit code is 0 for a sound gallery and 1 for a damaged one.')
      .argument('<gallery>', 'a folder or another location of a store, as for "limn search --gallery"')
      .option('--images <folder>', 'where the images are (default: where they were)')
      .option('--repair', 'repair what can be repaired; damaged files are kept beside the gallery')
      .option('--json', 'print the result as JSON')
      .action(runCheck),
  );
  return command;
}

async function runCheck(location: string, flags: { images?: string; repair?: boolean; json?: boolean }): Promise<void> {
  const { images, repair } = flags;
  const found = await runLong(({ signal, onProgress }) => checkGallery(location, { images, repair, signal, onProgress }));
  process.stdout.write(flags.json ? `${JSON.stringify(found)}\n` : shown(found));
  if (!found.sound) process.exitCode = 1;
}

/** Problems that are shown one by one. */
const most = 20;

function shown({ gallery, items, problems, notes, repaired, sound }: GalleryCheck): string {
  const lines = problems.slice(0, most).flatMap(({ what, repair }) => [`damaged  ${what}`, `         ${repair}`]);
  if (problems.length > most) lines.push(`         ... and ${problems.length - most} more; --json shows all`);
  const all = [...repaired.map((text) => `repaired ${text}`), ...lines, ...notes.map((text) => `note     ${text}`)];
  const end = sound ? `sound, ${items} items verified` : `damaged, ${problems.length} problems`;
  return `${[...all, `${gallery}: ${end}`].join('\n')}\n`;
}
