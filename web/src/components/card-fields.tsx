import type { Metadata } from '../api/types.js';
import { valueName } from '../state/conditions.js';

export interface CardFieldsProps {
  metadata: Metadata;
  /** Which to show, in this order. */
  fields: readonly string[];
  /** Shown above already. */
  title: string;
}

/** What whoever serves the gallery wants to be seen of each picture; a web address is a link. */
export function CardFields({ metadata, fields, title }: CardFieldsProps) {
  const shown = fields.flatMap((name) => {
    const value = Object.hasOwn(metadata, name) ? metadata[name] : null;
    return value === null || value === undefined || value === '' || value === title ? [] : [{ name, value }];
  });
  if (shown.length === 0) return null;
  return (
    <span class="card-fields">
      {shown.map(({ name, value }) =>
        typeof value === 'string' && /^https?:\/\//i.test(value) ? (
          <a
            key={name}
            href={value}
            target="_blank"
            rel="noopener noreferrer"
            aria-label={`${name.replaceAll('_', ' ')} of ${title}`}
          >
            {hostOf(value)}
          </a>
        ) : (
          <span key={name} title={name.replaceAll('_', ' ')}>
            {typeof value === 'boolean' ? `${name.replaceAll('_', ' ')}: ${valueName(value)}` : String(value)}
          </span>
        ),
      )}
    </span>
  );
}

function hostOf(address: string): string {
  try {
    return new URL(address).hostname.replace(/^www\./, '');
  } catch {
    return address;
  }
}
