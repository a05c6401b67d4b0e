/** Every id that a server lists can be asked for, through the client. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { colourImage } from '../server/testing/fake-gallery.js';
import { serveFake } from '../server/testing/serving.js';
import { LimnClient } from './client.js';

let server: Awaited<ReturnType<typeof serveFake>>;
beforeAll(async () => {
  server = await serveFake({ limits: { rate: 0 } });
});
afterAll(() => server.close());

describe('ids', () => {
  const odd = [
    'a\\b.jpg',
    './c.jpg',
    '/abs/d.jpg',
    'e/../f.jpg',
    '100%.jpg',
    '%2F',
    '%',
    '%25',
    'g?h#i&j.jpg',
    'ü ß/漢.jpg',
    ' ',
    '+',
    'a;b',
  ];

  it.each(odd)('that the server lists can be asked for: %j', async (id) => {
    const client = new LimnClient({ url: server.url });
    await server.gallery.put({ id, bytes: await colourImage(200, 10, 10), metadata: { colour: 'odd' } });
    const listed = [];
    for await (const item of client.allItems('shop', { filter: "colour = 'odd'" })) listed.push(item.id);
    expect(listed).toEqual([id]);
    expect((await client.item('shop', id)).id).toBe(id);
    expect((await client.image('shop', id)).type).toBe('image/jpeg');
    expect((await client.search({ gallery: 'shop', references: [{ id }], texts: ['in green'] })).hits[0]?.id).toBe('green.jpg');
    await client.putItem('shop', id, { picture: await colourImage(9, 9, 9), metadata: { colour: 'odd' } });
    await client.deleteItem('shop', id);
    await expect(client.item('shop', id)).rejects.toMatchObject({ code: expect.stringMatching(/NOT_FOUND|USAGE/) });
  });

  it('of any characters that can be stored come through', async () => {
    const client = new LimnClient({ url: server.url });
    const ids = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .filter((id) => !/[\p{Cc}\p{Cs}]/u.test(id) && id !== '.' && id !== '..');
    const bytes = await colourImage(1, 2, 3);
    await fc.assert(
      fc.asyncProperty(ids, async (id) => {
        await server.gallery.put({ id, bytes, metadata: {} });
        expect((await client.item('shop', id)).id).toBe(id);
        await client.deleteItem('shop', id);
      }),
      { numRuns: 60, seed: 13 },
    );
  });
});
