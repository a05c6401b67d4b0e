/** What the generated pages share. */

/** The head of a generated page. @param from what it is generated from */
export const generated = (title: string, from: string): string =>
  `# ${title}\n\n<!-- Generated from ${from} by "npm run reference": do not edit. -->`;

/** Text for a cell of a table: on one line, and with nothing that ends the cell. */
export const cell = (text: string): string => escaped(text).replace(/\s+/g, ' ').replaceAll('|', '\\|').trim();

/** Text in which `<` and `{{` outside of code stay what they are, for GitHub and for the site. */
export const escaped = (text: string): string =>
  text
    .split(/(`[^`]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : part.replaceAll('<', '&lt;').replaceAll('*', '\\*').replaceAll('_', '\\_')))
    .join('');
