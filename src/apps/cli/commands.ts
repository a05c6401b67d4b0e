/** The commands by their names, each loaded when it is called: a call of one does not wait for what the others need. */
import type { Command } from 'commander';

export interface CommandEntry {
  /** What a person is about to do, under which the help has it. */
  group: 'Try' | 'Learn' | 'Search' | 'Serve' | 'Research';
  /** As the command's own description says it. */
  summary: string;
  load(): Promise<Command>;
}

/** In the order of the help: by what a person does first. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  demo: {
    group: 'Try',
    summary: 'Train, compare, index and search drawn images: no data needed.',
    load: async () => (await import('./commands/demo.js')).demoCommand(),
  },
  doctor: {
    group: 'Try',
    summary: 'Check that everything that limn needs is installed.',
    load: async () => (await import('./commands/doctor.js')).doctorCommand(),
  },
  completion: {
    group: 'Try',
    summary: 'Print a script that completes commands, options and their values in a shell.',
    load: async () => (await import('./commands/completion.js')).completionCommand(),
  },
  learn: {
    group: 'Learn',
    summary: "From a shop's table and images to a search, without any annotation.",
    load: async () => (await import('./commands/learn.js')).learnCommand(),
  },
  'zero-shot': {
    group: 'Learn',
    summary: 'A model without any training, from an encoder of images and texts such as CLIP.',
    load: async () => (await import('./commands/zero-shot.js')).zeroShotCommand(),
  },
  train: {
    group: 'Learn',
    summary: 'Train LIMN on triplets of reference, text and target.',
    load: async () => (await import('./commands/train.js')).trainCommand(),
  },
  evaluate: {
    group: 'Learn',
    summary: 'Measure the recall of a model or of vectors under a named protocol, or evaluate a captioner.',
    load: async () => (await import('./commands/evaluate.js')).evaluateCommand(),
  },
  data: {
    group: 'Learn',
    summary: 'Check datasets, or create one from a table.',
    load: async () => (await import('./commands/data.js')).dataCommand(),
  },
  encoders: {
    group: 'Learn',
    summary: 'Get, list and check encoders such as CLIP.',
    load: async () => (await import('./commands/encoders.js')).encodersCommand(),
  },
  index: {
    group: 'Search',
    summary: 'Make images searchable, or bring a gallery up to date.',
    load: async () => (await import('./commands/index-images.js')).indexCommand(),
  },
  search: {
    group: 'Search',
    summary: 'Find the picture you mean: a reference picture, changed as a sentence says.',
    load: async () => (await import('./commands/search.js')).searchCommand(),
  },
  gallery: {
    group: 'Search',
    summary: 'Check or repair a gallery.',
    load: async () => (await import('./commands/gallery.js')).galleryCommand(),
  },
  choices: {
    group: 'Serve',
    summary: 'Count, show or delete the choices that "limn serve --keep-choices" has kept.',
    load: async () => (await import('./commands/choices.js')).choicesCommand(),
  },
  serve: {
    group: 'Serve',
    summary: 'Serve galleries over HTTP, with a page to search them.',
    load: async () => (await import('./commands/serve.js')).serveCommand(),
  },
  export: {
    group: 'Serve',
    summary: 'Export a gallery as static files that any web host can serve, for searches in the browser.',
    load: async () => (await import('./commands/export.js')).exportCommand(),
  },
  worker: {
    group: 'Serve',
    summary: 'Process the jobs of "limn index --queue" or "limn experiment run --queue" until stopped.',
    load: async () => (await import('./commands/worker.js')).workerCommand(),
  },
  experiment: {
    group: 'Research',
    summary: 'Compare methods over seeds, from one JSON file.',
    load: async () => (await import('./commands/experiment.js')).experimentCommand(),
  },
  'self-train': {
    group: 'Research',
    summary: 'LIMN+: train LIMN and the captioner in rounds, on labels and on generated texts.',
    load: async () => (await import('./commands/self-train.js')).selfTrainCommand(),
  },
  caption: {
    group: 'Research',
    summary: 'Describe what changes from one image to another.',
    load: async () => (await import('./commands/caption.js')).captionCommand(),
  },
};
