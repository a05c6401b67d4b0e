/** A store of one's own: a gallery in one JSON file, `json:shirts.json`. For small ones, as every write writes all of it. */
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { checkedStore, checkInfo, compareText, defineStore, LimnError, matcherOf } from 'limn/stores';

const fileOf = (location) => location.slice('json:'.length);
const plain = ({ id, content, location, metadata }) => ({ id, content, location, metadata });
const vectorsOf = ({ matching, factors }) => ({ matching: Float32Array.from(matching), factors: Float32Array.from(factors) });

/** Checks of what is given, the order of writes and the end are `checkedStore`'s; what is left is where things are. */
function storeOver(file, info, items) {
  const those = (filter) => [...items.values()].filter(({ metadata }) => !filter || matcherOf(filter)(metadata));
  /** What a gallery holds changes when the change is on disk. */
  const keep = async (changed) => {
    await writeFile(`${file}.new`, JSON.stringify({ info, items: [...changed.values()] }));
    await rename(`${file}.new`, file);
    items = changed;
  };
  return checkedStore({
    info,
    async upsert(given) {
      const kept = given.map((item) => ({ ...plain(item), matching: [...item.matching], factors: [...item.factors] }));
      await keep(new Map([...items, ...kept.map((item) => [item.id, item])]));
    },
    async delete(ids) {
      const gone = ids.filter((id) => items.has(id));
      await keep(new Map([...items].filter(([id]) => !gone.includes(id))));
      return gone.length;
    },
    get: async (ids) => ids.map((id) => items.get(id) && plain(items.get(id))),
    vectors: async (ids) => ids.map((id) => items.get(id) && vectorsOf(items.get(id))),
    async list({ after, limit, filter }) {
      const behind = those(filter).filter(({ id }) => after === undefined || compareText(id, after) > 0);
      const sorted = behind.sort((a, b) => compareText(a.id, b.id));
      return sorted.slice(0, limit).map(plain);
    },
    count: async (filter) => those(filter).length,
    async search({ vector, limit, filter, exclude = [], includeVectors: full }) {
      const cosine = ({ matching }) => matching.reduce((sum, value, i) => sum + value * vector[i], 0);
      const all = those(filter).filter(({ id }) => !exclude.includes(id));
      const found = all.map((item) => ({ item, similarity: cosine(item) }));
      found.sort((a, b) => b.similarity - a.similarity || compareText(a.item.id, b.item.id));
      const hit = ({ item, similarity }) => ({ item: plain(item), similarity, ...(full && { vectors: vectorsOf(item) }) });
      return found.slice(0, limit).map(hit);
    },
    optimise: async () => {},
    close: async () => {},
  });
}

export default defineStore({
  id: 'json',
  schemes: ['json'],
  locations: 'json:FILE',
  async open(location) {
    if (!existsSync(fileOf(location)))
      throw new LimnError('GALLERY', `There is no gallery ${location}. Make one with "limn index".`);
    const { info, items } = JSON.parse(await readFile(fileOf(location), 'utf8'));
    return storeOver(fileOf(location), info, new Map(items.map((item) => [item.id, item])));
  },
  async create(location, info, { replace }) {
    if (existsSync(fileOf(location)) && !replace) throw new LimnError('GALLERY', `There is a gallery ${location} already.`);
    await writeFile(fileOf(location), JSON.stringify({ info: checkInfo(info), items: [] }));
    return storeOver(fileOf(location), info, new Map());
  },
});
