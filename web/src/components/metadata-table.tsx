import type { Metadata } from '../api/types.js';

/** What is known of both pictures; what differs stands out. */
export function MetadataTable({ reference, hit }: { reference: Metadata | undefined; hit: Metadata }) {
  const names = [...new Set([...Object.keys(hit), ...Object.keys(reference ?? {})])];
  if (names.length === 0) return null;
  const said = (metadata: Metadata, name: string) => {
    const value = Object.hasOwn(metadata, name) ? metadata[name] : null;
    return value === null || value === undefined ? '–' : String(value);
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
            {reference && <td>{said(reference, name)}</td>}
            <td>{said(hit, name)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
