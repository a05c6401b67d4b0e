/** What a factor is called: after the field of the value that it follows ("colour: red"), or by its number where nothing is clear. */
export const partName = (name: string): string =>
  name
    .replace(/^factor (?=\d+$)/, 'part ')
    .replace(/^(\w+): .*$/s, '$1')
    .replaceAll('_', ' ');
