/** What a text is about beside its changes: what the product is, and what stays as it is. */
import { type CatalogueAttribute, type CategoryAttribute, roleOfAttribute } from './attributes.js';
import type { AttributeChange } from './changes.js';
import type { Role } from './roles.js';

export interface Subject {
  /** What the target is, where the table says so. */
  readonly type?: { readonly attribute: CategoryAttribute; readonly value: string } | undefined;
  /** Attributes that a thing of another type can share, and that stay, where nothing but the type changes. */
  readonly kept: readonly CategoryAttribute[];
}

const shared: ReadonlySet<Role | undefined> = new Set<Role>(['colour', 'pattern', 'material']);

export function subjectOf(
  attributes: readonly CatalogueAttribute[],
  { reference, target, changes }: { reference: number; target: number; changes: readonly AttributeChange[] },
): Subject {
  const categories = attributes.filter((attribute) => attribute.kind === 'category');
  const types = categories.filter((attribute) => roleOfAttribute(attribute) === 'type' && (attribute.of[target] as number) >= 0);
  const finest = types.sort((a, b) => b.values.length - a.values.length)[0];
  const type = finest && { attribute: finest, value: finest.values[finest.of[target] as number] as string };
  const isTypeAlone = changes.every(({ attribute }) => roleOfAttribute(attribute) === 'type');
  const stays = (attribute: CategoryAttribute) =>
    (attribute.of[target] as number) >= 0 && attribute.of[target] === attribute.of[reference];
  const kept = categories.filter((attribute) => isTypeAlone && shared.has(attribute.role) && stays(attribute));
  return { type, kept };
}
