/** docs/how-limn-works.md: each equation names the functions that compute it, and these exist in the files that it links. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const page = readFileSync('docs/how-limn-works.md', 'utf8');

/** Rows of the tables "computed by": what is computed, and each function with its file. */
function computedBy(text: string) {
  return [...text.matchAll(/^\| \| computed by \|\n\|[-|]+\|\n((?:\|.*\|\n)+)/gm)].flatMap(([, rows]) =>
    (rows as string)
      .trim()
      .split('\n')
      .flatMap((row) => {
        const [, what, code] = row.split('|') as [string, string, string];
        const groups = [...code.matchAll(/((?:`[\w]+`(?:, )?)+) in \[([^\]]+)\]\(([^)]+)\)/g)];
        return groups.flatMap(([, names, label, path]) =>
          [...(names as string).matchAll(/`(\w+)`/g)].map(([, name]) => ({
            what: what.trim(),
            name: name as string,
            label,
            path: path as string,
          })),
        );
      }),
  );
}

const declares = (source: string, name: string) =>
  new RegExp(`^(?:export )?(?:async )?(?:function\\*? |const )${name}\\b`, 'm').test(source);

describe('the equations of LIMN and LIMN+', () => {
  const named = computedBy(page);

  it('every section that has equations has a table of the code', () => {
    const sections = page.split(/^##+ /m).filter((section) => section.includes('```'));
    expect(sections.length).toBeGreaterThanOrEqual(6);
    for (const section of sections)
      expect([section.split('\n')[0], computedBy(section).length > 0]).toEqual([section.split('\n')[0], true]);
  });

  it('every row names a function', () => {
    const rows = page.match(/^\| (?!\| computed by)[^|\n]+\| `/gm) ?? [];
    expect(rows.length).toBeGreaterThan(20);
    expect(new Set(named.map(({ what }) => what)).size).toBe(rows.length);
  });

  it.each(named)('$what: $name is in $path', ({ name, label, path }) => {
    expect(path.endsWith(`/${label}`)).toBe(true);
    expect(declares(readFileSync(join('docs', path), 'utf8'), name)).toBe(true);
  });

  it('a function that is only called or told of is not one that is there', () => {
    expect(declares('const x = embed(y);\n// function embed', 'embed')).toBe(false);
    expect(declares('export async function embed() {}', 'embed')).toBe(true);
  });
});
