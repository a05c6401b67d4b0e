import { describe, expect, it } from 'vitest';
import { resultsPage } from './results-page.js';

const page = (factors: number[]) => {
  const hit = { id: 'a.jpg', path: '/absent/a.jpg', rank: 1, score: 0.75, matching: 0.5, factors, negative: 0, metadata: {} };
  return resultsPage({ title: 'One', gallery: 'g', size: 1, searches: [{ references: [], text: 'in red', hits: [hit] }] });
};

describe('resultsPage', () => {
  it("shows each factor's share, and the sum of them", async () => {
    const html = await page([0.5, -0.25]);
    expect(html).toContain('<span>factors</span><span>0.250</span>');
    expect(html.match(/<rect class="f\d"/g)).toHaveLength(2);
    expect(html).toContain('the share of each of the 2 latent factors');
  });

  it('does not speak of factors where a method has none', async () => {
    const html = await page([]);
    const shown = html.slice(html.indexOf('</style>'));
    expect(shown).toContain('<span>matching</span><span>0.500</span>');
    expect(shown).not.toMatch(/factor/);
  });
});
