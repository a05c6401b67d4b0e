import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DecodeTurns } from './decode-turns.js';

const small = { work: 1000, memory: 1000 };
const large = { work: 49e6, memory: 150e6 };

/** Work that is begun and ended by hand, by its name. */
function workshop(turns: DecodeTurns) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const stop = new AbortController();
  const run = (caller: string, name: string, cost = small, signal = stop.signal) =>
    turns.run(caller, cost, signal, () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await tick();
  };
  return { begun, run, end };
}

describe('DecodeTurns', () => {
  it('lets others in between the many pictures of one caller', async () => {
    const { begun, run, end } = workshop(new DecodeTurns({ concurrency: 3, perCaller: 2, bytes: 1e9 }));
    const many = ['a1', 'a2', 'a3', 'a4'].map((name) => run('a', name));
    const others = [run('b', 'b1'), run('c', 'c1')];
    await tick();
    expect(begun).toEqual(['a1', 'a2', 'b1']);
    await end('a1');
    expect(begun.at(-1)).toBe('c1');
    for (const name of ['a2', 'b1', 'c1', 'a3', 'a4']) await end(name);
    expect(await Promise.all([...many, ...others])).toEqual(['a1', 'a2', 'a3', 'a4', 'b1', 'c1']);
  });

  it('decodes one large picture at a time, and small ones beside it', async () => {
    const { begun, run, end } = workshop(new DecodeTurns({ concurrency: 3, perCaller: 2, bytes: 1e9 }));
    const all = [run('a', 'a large', large), run('b', 'b large', large), run('c', 'c1'), run('d', 'd1')];
    await tick();
    expect(begun).toEqual(['a large', 'c1', 'd1']);
    await end('c1');
    expect(begun).toHaveLength(3);
    await end('a large');
    expect(begun.at(-1)).toBe('b large');
    for (const name of ['d1', 'b large']) await end(name);
    await Promise.all(all);
  });

  it('holds no more memory than it may', async () => {
    const { begun, run, end } = workshop(new DecodeTurns({ concurrency: 3, perCaller: 3, bytes: 2500 }));
    const all = ['a1', 'a2', 'a3'].map((name) => run('a', name));
    await tick();
    expect(begun).toEqual(['a1', 'a2']);
    for (const name of ['a1', 'a2', 'a3']) await end(name);
    await Promise.all(all);
  });

  it('never begins what was given up, and keeps the place of what it began', async () => {
    const { begun, run, end } = workshop(new DecodeTurns({ concurrency: 1, perCaller: 1, bytes: 1e9 }));
    const stop = new AbortController();
    const first = run('a', 'a1', small, stop.signal);
    const gone = run('a', 'a2', small, stop.signal);
    const next = run('b', 'b1');
    await tick();
    stop.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    await expect(run('a', 'a3', small, stop.signal)).rejects.toThrow('gone');
    expect(begun).toEqual(['a1']);
    await end('a1');
    expect(begun).toEqual(['a1', 'b1']);
    await end('b1');
    expect(await Promise.all([first, next])).toEqual(['a1', 'b1']);
  });

  it('goes on after a picture that cannot be decoded', async () => {
    const turns = new DecodeTurns({ concurrency: 1, perCaller: 1, bytes: 1e9 });
    const { signal } = new AbortController();
    await expect(turns.run('a', small, signal, () => Promise.reject(new Error('damaged')))).rejects.toThrow('damaged');
    expect(await turns.run('a', small, signal, async () => 1)).toBe(1);
  });
});
