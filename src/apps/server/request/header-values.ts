/**
 * Values of header fields with parameters (RFC 9110, section 5.6), read from left to right: the work is bounded by the length of the
 * text, whatever it holds.
 */

/** "form-data; name=\"a\"" as the value "form-data" and its parameters, whose names are in lower case. */
export interface HeaderValue {
  /** In lower case. */
  value: string;
  parameters: ReadonlyMap<string, string>;
}

const isBlank = (character: string | undefined) => character === ' ' || character === '\t';

/** @returns undefined for a text that is no such value, also for one that gives a parameter twice */
export function parseHeaderValue(text: string): HeaderValue | undefined {
  const end = text.indexOf(';');
  const value = trimBlanks(end < 0 ? text : text.slice(0, end)).toLowerCase();
  if (value === '') return undefined;
  const parameters = new Map<string, string>();
  for (let at = end < 0 ? text.length : end; at < text.length; ) {
    const parameter = parseParameter(text, at + 1);
    if (!parameter) return undefined;
    at = parameter.end;
    // An empty place between two semicolons is allowed.
    if (parameter.name === '') continue;
    if (parameters.has(parameter.name)) return undefined;
    parameters.set(parameter.name, parameter.value);
  }
  return { value, parameters };
}

/** A text without the blanks around it. */
export function trimBlanks(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && isBlank(text[from])) from++;
  while (to > from && isBlank(text[to - 1])) to--;
  return text.slice(from, to);
}

interface Parameter {
  name: string;
  value: string;
  /** Where its semicolon is, or the end of the text. */
  end: number;
}

/** @param from behind the semicolon before it */
function parseParameter(text: string, from: number): Parameter | undefined {
  let at = from;
  while (at < text.length && text[at] !== '=' && text[at] !== ';') at++;
  const name = trimBlanks(text.slice(from, at)).toLowerCase();
  if (text[at] !== '=') return name === '' ? { name, value: '', end: at } : undefined;
  if (name === '') return undefined;
  at = skipBlanks(text, at + 1);
  if (text[at] === '"') return parseQuoted(text, at + 1, name);
  const end = text.indexOf(';', at);
  const value = trimBlanks(text.slice(at, end < 0 ? text.length : end));
  return value === '' || value.includes('"') ? undefined : { name, value, end: end < 0 ? text.length : end };
}

/** @param from behind the opening quote */
function parseQuoted(text: string, from: number, name: string): Parameter | undefined {
  const parts: string[] = [];
  let start = from;
  let at = text.indexOf('"', from);
  // Some clients write \" for a quote. Every other backslash is one, as browsers send them, also before the quote that ends the value.
  while (at > from && text[at - 1] === '\\' && !endsParameter(text, at + 1)) {
    parts.push(text.slice(start, at - 1));
    start = at;
    at = text.indexOf('"', at + 1);
  }
  if (at < 0) return undefined;
  parts.push(text.slice(start, at));
  const end = skipBlanks(text, at + 1);
  return endsParameter(text, end) ? { name, value: parts.join(''), end } : undefined;
}

const endsParameter = (text: string, from: number) => [';', undefined].includes(text[skipBlanks(text, from)]);

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(text[at])) at++;
  return at;
}

/** The token of an authorization header of the scheme Bearer; undefined for any other. */
export function bearerToken(header: string | undefined): string | undefined {
  const text = trimBlanks(header ?? '');
  if (text.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
  const token = trimBlanks(text.slice(7));
  return token === '' || token.includes(' ') || token.includes('\t') ? undefined : token;
}

/** Whether an accept-encoding header takes gzip: it names it, and does not give it the weight 0. */
export function acceptsGzip(header: string | undefined): boolean {
  return (header ?? '').split(',').some((part) => {
    const coding = parseHeaderValue(part);
    return coding?.value === 'gzip' && Number(coding.parameters.get('q') ?? 1) !== 0;
  });
}
