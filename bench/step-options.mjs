/** The sizes of a training step that is measured, as flags and as what the sides are started with. */

export const stepFlags = {
  batch: { type: 'string', default: '64' },
  width: { type: 'string', default: '256' },
  words: { type: 'string', default: '20' },
  threads: { type: 'string', default: '2' },
  dropout: { type: 'string', default: '0.1' },
  /** Turns of each side, and steps of one turn. */
  rounds: { type: 'string', default: '6' },
  steps: { type: 'string', default: '5' },
  warmup: { type: 'string', default: '5' },
};

/** @param flags the values of {@link stepFlags} @returns what the sides are started with, and what takeTurns is given */
export function stepOptions(flags) {
  const number = (name) => Number(flags[name]);
  return {
    options: {
      batch: number('batch'),
      width: number('width'),
      words: number('words'),
      threads: number('threads'),
      dropout: number('dropout'),
      factors: 8,
      layers: 2,
      heads: 8,
      projection: 64,
      vocabulary: 400,
      pictures: 256,
      picture: { kind: 'features', tokens: 49, channels: 1280, globalChannels: 1280, colourChannels: 6 },
    },
    turns: { rounds: number('rounds'), steps: number('steps'), warmup: number('warmup') },
  };
}
