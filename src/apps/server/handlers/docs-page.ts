/** The OpenAPI document as a page to read, without scripts. */
import { createHash } from 'node:crypto';
import { escaped, htmlPage, paperStyle } from '../../../core/html.js';
import type { OpenApiDocument, Operation, SchemaObject } from './openapi.js';

const style = `
main{padding-bottom:40px}
h2{font:600 20px/1.3 Georgia,"Times New Roman",serif;margin:36px 0 8px}
article,details{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 18px;margin:12px 0}
h3{font:600 15px/1.4 ui-monospace,Menlo,Consolas,monospace;margin:0;overflow-wrap:anywhere}
h3 b{color:var(--accent);margin-right:8px}
h4{font-size:13px;color:var(--soft);margin:12px 0 4px;font-weight:600}
code,pre{font:13px/1.5 ui-monospace,Menlo,Consolas,monospace}
pre{margin:0;overflow-x:auto;white-space:pre-wrap}
table{border-collapse:collapse;width:100%}
td{padding:2px 12px 2px 0;vertical-align:top}
a{color:var(--accent)}
summary{cursor:pointer}
.about{white-space:pre-line;max-width:70ch}
`;

/** The page and the policy that lets its own style in. */
export function docsPage(document: OpenApiDocument): { html: string; policy: string } {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))];
  const sections = tags.map((tag) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(tag));
    return `<h2>${escaped(tag)}</h2>${own.map(({ path, method, operation }) => article(path, method, operation)).join('\n')}`;
  });
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      `<details id="${escaped(name)}"><summary><code>${escaped(name)}</code></summary><pre>${typeText(schema, '')}</pre></details>`,
  );
  const html = htmlPage({
    title: `The API of limn ${document.info.version}`,
    style,
    header: `<p class="about">${escaped(document.info.description)}</p>`,
    main: [...sections, '<h2>Schemas</h2>', ...schemas].join('\n'),
    footer: '<p>For programs: <a href="/openapi.json">/openapi.json</a>, OpenAPI 3.1.</p>',
  });
  const hash = createHash('sha256').update(`${paperStyle}${style}`).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;
  return { html, policy };
}

function article(path: string, method: string, operation: Operation): string {
  const { summary, parameters = [], requestBody, responses, security } = operation;
  const scope = security?.[0]?.key?.[0];
  const rows = parameters.map(({ name, in: place, required, description, schema }) => {
    const words = [`${place}${required ? ', needed' : ''}`, description].filter(Boolean).join('. ');
    return `<tr><td><code>${escaped(name)}</code></td><td><code>${typeText(schema, '')}</code></td><td>${escaped(words)}</td></tr>`;
  });
  const bodies = Object.entries(requestBody?.content ?? {}).map(
    ([type, { schema }]) => `<h4>Body, ${escaped(type)}</h4><pre>${typeText(schema, '')}</pre>`,
  );
  const answers = Object.entries(responses).map(([status, { description, content }]) => {
    const [[type, media] = []] = Object.entries(content ?? {});
    const shape = media ? (type === 'application/json' ? typeText(media.schema, '') : escaped(type as string)) : '';
    return `<tr><td><code>${escaped(status)}</code></td><td>${shape && `<code>${shape}</code>`}</td><td>${escaped(description)}</td></tr>`;
  });
  return `<article id="${escaped(operation.operationId)}"><h3><b>${method.toUpperCase()}</b>${escaped(path)}</h3>
<p>${escaped(summary)}.${scope ? ` <span class="label">Key: ${escaped(scope)}</span>` : ''}</p>
${rows.length > 0 ? `<h4>Parameters</h4><table>${rows.join('')}</table>` : ''}${bodies.join('')}
<h4>Answers</h4><table>${answers.join('')}</table></article>`;
}

/** A schema as TypeScript would write it, in HTML, with links to the named ones. */
function typeText(schema: SchemaObject, indent: string): string {
  if (schema.$ref) {
    const name = escaped(schema.$ref.split('/').at(-1) as string);
    return `<a href="#${name}">${name}</a>`;
  }
  if (schema.enum) return schema.enum.map((value) => escaped(JSON.stringify(value))).join(' | ');
  if (schema.const !== undefined) return escaped(JSON.stringify(schema.const));
  if (schema.anyOf) return schema.anyOf.map((one) => typeText(one, indent)).join(' | ');
  if (schema.type === 'array') {
    const inner = typeText(schema.items ?? {}, indent);
    return `${inner.includes(' | ') ? `(${inner})` : inner}[]${notes(schema)}`;
  }
  if (schema.type === 'object') return objectText(schema, indent);
  const plain = Array.isArray(schema.type) ? schema.type.join(' | ') : (schema.type ?? 'any');
  return `${escaped(plain)}${schema.format ? ` (${escaped(schema.format)})` : ''}${notes(schema)}`;
}

function objectText({ properties = {}, required = [], additionalProperties }: SchemaObject, indent: string): string {
  const deeper = `${indent}  `;
  const lines = Object.entries(properties).map(
    ([name, schema]) => `${deeper}${escaped(name)}${required.includes(name) ? '' : '?'}: ${typeText(schema, deeper)}`,
  );
  if (typeof additionalProperties === 'object') lines.push(`${deeper}[name]: ${typeText(additionalProperties, deeper)}`);
  return lines.length > 0 ? `{\n${lines.join('\n')}\n${indent}}` : '{}';
}

/** Limits and default of a schema. */
function notes(schema: SchemaObject): string {
  const parts = ['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'pattern', 'default']
    // The largest whole number that JSON can say is no limit worth a word.
    .filter((key) => schema[key] !== undefined && schema[key] !== Number.MAX_SAFE_INTEGER)
    .map((key) => `${key} ${JSON.stringify(schema[key])}`);
  return parts.length > 0 ? ` <span class="label">${escaped(parts.join(', '))}</span>` : '';
}
