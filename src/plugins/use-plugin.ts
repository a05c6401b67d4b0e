/** Makes the parts of a plug-in known: each goes to the registry of its kind. */
import { LimnError } from '../core/errors.js';
import { markOf, type Part, type PartKind, partContract } from '../core/part.js';
import { datasets } from '../learning/data/datasets.js';
import { knownProtocols } from '../learning/eval/protocols/index.js';
import { encoders } from '../models/encoders/image/define-encoder.js';
import { methods } from '../models/methods/methods.js';
import { stores } from '../search/store/open-store.js';

/** One part, or several. */
export type Plugin = Part | readonly Part[];

/** A registry without the type of its parts: which one a part goes to is told by its mark. */
interface Registry {
  readonly kind: PartKind;
  get(id: string): Part | undefined;
  requireFree(part: never): void;
  add(part: never): void;
}

const registries: { readonly [kind in PartKind]?: Registry } = {
  method: methods,
  encoder: encoders,
  dataset: datasets,
  protocol: knownProtocols,
  store: stores,
};

/**
 * Makes what a plug-in defines known by its ids, to the library and the command line alike. All of its parts, or none.
 *
 * @param from what to call the plug-in in messages, such as its file
 * @throws LimnError CONFIG for what is no part, was made for other contracts, or has an id that another part has
 */
export function usePlugin(plugin: Plugin, from = 'The plug-in'): void {
  const parts = (Array.isArray(plugin) ? plugin : [plugin]) as readonly Part[];
  if (parts.length === 0) throw new LimnError('CONFIG', `${from} defines nothing: its list is empty.`);
  const found = parts.map((part) => {
    const mark = markOf(part);
    if (!mark) {
      const message = `${from} exports something that is not a limn plug-in. Create it with defineMethod, defineStore, defineDataset, defineProtocol or defineEncoder.`;
      throw new LimnError('CONFIG', message);
    }
    const registry = mark.contract === partContract ? registries[mark.kind] : undefined;
    if (!registry) {
      const message = `${from} was made for version ${mark.contract} of limn's plug-ins (${mark.kind} "${part.id}"), and this limn has version ${partContract}: install matching versions.`;
      throw new LimnError('CONFIG', message, { details: { ...mark, wanted: partContract } });
    }
    return { part, registry };
  });
  for (const { part, registry } of found) {
    const taken = registry.get(part.id);
    const twin = found.some((other) => other.part !== part && other.registry === registry && other.part.id === part.id);
    if (twin || (taken && taken !== part)) {
      const whose = twin ? 'another part of it' : 'another part';
      const message = `${from} defines the ${registry.kind} "${part.id}", an id that ${whose} has: choose another one.`;
      throw new LimnError('CONFIG', message, { details: { kind: registry.kind, id: part.id } });
    }
    registry.requireFree(part as never);
  }
  for (const { part, registry } of found) registry.add(part as never);
}
