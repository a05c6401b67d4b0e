/** What a factor is called: after what it follows, or by its number where nothing is clear. */
export const partName = (name: string): string => name.replace(/^factor (?=\d+$)/, 'part ');
