/** English for things that are several, as trousers are: "are red", "they have a belt", "make them plain". */

const verbs: Readonly<Record<string, string>> = { is: 'are', has: 'have', does: 'do' };

const rules: readonly (readonly [RegExp, (found: string, ...groups: string[]) => string])[] = [
  [/^it (?=\{text\})/, () => 'they '],
  [/^i want one that (?=\{text\})/, () => 'i want ones that '],
  [/^one that (?=\{text\})/, () => 'ones that '],
  [/^this one (?=\{text\})/, () => 'these '],
  [/^the one i mean (?=\{text\})/, () => 'the ones i mean '],
  [/^i am looking for one that (?=\{text\})/, () => 'i am looking for ones that '],
  [/^a similar (?=\{type\})/, () => 'similar '],
  [/^no longer has /, () => 'no longer have '],
  [/^(is|has|does) /, (_, verb) => `${verbs[verb]} `],
  [/^(come|cost|weigh|reache|goe)s /, (_, stem) => `${stem.replace(/(reach|go)e$/, '$1')} `],
  [/^change it to one /, () => 'change them to ones '],
  [/^(make|give|turn|change) it /, (_, verb) => `${verb} them `],
  [/^show me \{a_to\} one$/, () => 'show me {to} ones'],
];

/** A sentence without its subject, a phrase, a request, or the frame of one of these, about several. */
export function aboutSeveral(text: string): string {
  const rule = rules.find(([pattern]) => pattern.test(text));
  return rule ? text.replace(...(rule as [RegExp, () => string])) : text;
}
