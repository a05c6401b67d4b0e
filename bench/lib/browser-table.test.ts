import { expect, it } from 'vitest';
import { browserTable } from './browser-table.js';

it('has a row for each measurement, in units that are read', () => {
  const size = { images: 2000, vectors: 1.2e6, download: 18.26e6, open: 149, load: 2051, scan: 3.4, peak: 310 };
  const speed = {
    date: '',
    options: { width: 512, turns: 40 },
    firstResult: 9712,
    textSearch: 48,
    weightMove: 9,
    sizes: [size, { ...size, images: 100_000, peak: null }],
  };
  const results = [{ kind: 'uploads', searches: 50, sameTen: 49, sameSet: 50, largest: 0.000312 }];
  const table = browserTable(speed, { date: '', images: 1000, vectors: 'float16', weights: 'float16', results });
  expect(table).toContain('| from the first visit to the first result | 9.7 s |\n');
  expect(table).toContain('| 2,000 | 1.2 MB | 18.3 MB | 0.1 s | 2.2 s | 3.4 ms | 310 MiB |\n');
  expect(table).toContain('| 100,000 | 1.2 MB | 18.3 MB | 0.1 s | 2.2 s | 3.4 ms | not known |\n');
  expect(table).toContain('| uploads | 50 | 49 | 50 | 0.00031 |');
});
