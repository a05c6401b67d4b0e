import type { Metadata } from '../api/types.js';
import { valueName } from '../state/conditions.js';

/** What is known of both pictures; what differs stands out. */
export function MetadataTable({ reference, hit }: { reference: Metadata | undefined; hit: Metadata }) {
  const names = [...new Set([...Object.keys(hit), ...Object.keys(reference ?? {})])];
  if (names.length === 0) return null;
  const said = (metadata: Metadata, name: string) => {
    const value = Object.hasOwn(metadata, name) ? metadata[name] : null;
    return value === null || value === undefined ? '–' : valueName(value);
  };
  return (
    <table class="metadata">
      <thead class="hidden">
        <tr>
          <th scope="col">Field</th>
          {reference && <th scope="col">Reference</th>}
          <th scope="col">Hit</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name) => (
          <tr key={name} class={reference && said(reference, name) !== said(hit, name) ? 'differs' : undefined}>
            <th scope="row">{name.replaceAll('_', ' ')}</th>
            {reference && (
              <td>
                <Linked text={said(reference, name)} />
              </td>
            )}
            <td>
              <Linked text={said(hit, name)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A web address is a link. */
function Linked({ text }: { text: string }) {
  if (!/^https?:\/\//i.test(text)) return <>{text}</>;
  return (
    <a href={text} target="_blank" rel="noopener noreferrer">
      {text}
    </a>
  );
}
