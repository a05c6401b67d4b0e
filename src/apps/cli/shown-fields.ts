/** `--show`: fields of the metadata that stand beside each hit. */
import { suggestion } from '../../core/suggest.js';
import type { Gallery } from '../../search/gallery/gallery.js';

/**
 * Those of the wanted fields that the gallery has; says which it has not.
 *
 * @param show names between commas
 */
export async function shownFields(
  gallery: Pick<Gallery, 'fields'>,
  show: string | undefined,
  onNote: (note: string) => void,
): Promise<string[]> {
  const wanted = (show ?? '').split(',').flatMap((field) => field.trim() || []);
  if (wanted.length === 0) return [];
  const known = (await gallery.fields()).map(({ name }) => name);
  for (const field of wanted) {
    if (known.includes(field)) continue;
    const advice = known.length > 0 ? suggestion(field, known) : 'The images have no metadata.';
    onNote(`--show names the field ${field}, which no image has. ${advice}`);
  }
  return wanted.filter((field) => known.includes(field));
}
