/** docs/reference/api.md and a page for each entry point, from the exported declarations and their docstrings. */
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';
import { cell, escaped, generated } from './page.js';
import { isExported, isHidden, sourceFile } from './sources.js';

/** Entry point, its page, and what it is for. */
export const doors = [
  { name: 'limn', page: 'api-limn', path: 'src/index.ts', about: 'models, training, evaluation, datasets and galleries' },
  {
    name: 'limn/engine',
    page: 'api-engine',
    path: 'src/engine/index.ts',
    about: 'graphs, layers, losses, gradients and sessions',
  },
  { name: 'limn/stores', page: 'api-stores', path: 'src/search/store/index.ts', about: 'where galleries are kept' },
  {
    name: 'limn/server',
    page: 'api-server',
    path: 'src/apps/server/index.ts',
    about: 'the HTTP API in an application of your own',
  },
  { name: 'limn/client', page: 'api-client', path: 'src/apps/client/index.ts', about: 'the HTTP API from browsers and Node' },
  {
    name: 'limn/browser',
    page: 'api-browser',
    path: 'src/apps/browser/index.ts',
    about: 'an exported gallery, searched in the browser',
  },
  { name: 'limn/testing', page: 'api-testing', path: 'src/search/store/testing/index.ts', about: 'the tests of a store' },
] as const;

interface Exported {
  name: string;
  /** Undefined for what comes from a package. */
  node: ts.Declaration | undefined;
}

export function apiPages(): [string, string][] {
  const rows = doors.map(({ name, page, about }) => `| [\`${name}\`](${page}.md) | ${about} |`);
  const index = [generated('Library', 'the sources'), ['| import from | what it has |', '|---|---|', ...rows].join('\n')];
  return [
    ['docs/reference/api.md', `${index.join('\n\n')}\n`],
    ...doors.map(({ name, page, path }): [string, string] => [`docs/reference/${page}.md`, doorPage(name, path)]),
  ];
}

function doorPage(door: string, path: string): string {
  const exports = exportsOf(path);
  const groups = { Functions: isFunction, Classes: ts.isClassDeclaration, Values: isValue, Types: () => true };
  const left = new Map(exports.filter(({ node }) => node).map((one) => [one.name, one.node as ts.Declaration]));
  const sections = Object.entries(groups).flatMap(([title, belongs]) => {
    const own = [...left].filter(([, node]) => belongs(node)).sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
    for (const [name] of own) left.delete(name);
    return own.length > 0 ? [`## ${title}`, ...own.map(([name, node]) => describe(name, node))] : [];
  });
  const [opening] =
    sourceFile(path)
      .getFullText()
      .match(/^\/\*\*[\s\S]*?\*\//) ?? [];
  const about = opening ? commentText(opening) : '';
  const foreign = exports.filter(({ node }) => !node).map(({ name }) => `\`${name}\``);
  const note = foreign.length > 0 ? [`Also exported, from other packages: ${foreign.join(', ')}.`] : [];
  return `${[generated(door, path), ...(about ? [about] : []), ...note, ...sections].join('\n\n')}\n`;
}

/** A function, or a constant that is one. */
const isFunction = (node: ts.Node) =>
  ts.isFunctionDeclaration(node) ||
  (ts.isVariableDeclaration(node) && !!node.initializer && ts.isArrowFunction(node.initializer));
const isValue = (node: ts.Node) => ts.isVariableDeclaration(node) || ts.isSourceFile(node);

function resolved(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const path = posix.join(posix.dirname(from), specifier.replace(/\.js$/, '.ts'));
  return existsSync(path) ? path : undefined;
}

const known = new Map<string, Exported[]>();

/** What a module exports, each with its declaration, followed through the modules that pass it on. */
function exportsOf(path: string): Exported[] {
  const exported = known.get(path) ?? readExports(path);
  known.set(path, exported);
  return exported;
}

function readExports(path: string): Exported[] {
  const found: Exported[] = [];
  for (const statement of sourceFile(path).statements) {
    if (ts.isExportDeclaration(statement)) found.push(...passedOn(path, statement));
    else if (isExported(statement)) {
      if (ts.isVariableStatement(statement)) {
        for (const one of statement.declarationList.declarations) found.push({ name: one.name.getText(), node: one });
      } else if ((statement as ts.DeclarationStatement).name) {
        found.push({
          name: (statement as ts.DeclarationStatement).name!.getText(),
          node: statement as unknown as ts.Declaration,
        });
      }
    }
  }
  // Overloads are one export.
  return [...new Map(found.reverse().map((one) => [one.name, one])).values()].reverse();
}

function passedOn(path: string, { exportClause, moduleSpecifier }: ts.ExportDeclaration): Exported[] {
  const target = moduleSpecifier && resolved(path, (moduleSpecifier as ts.StringLiteral).text);
  if (!exportClause) return target ? exportsOf(target) : [];
  if (ts.isNamespaceExport(exportClause))
    return [{ name: exportClause.name.text, node: target ? sourceFile(target) : undefined }];
  return exportClause.elements.map(({ name, propertyName }) => {
    const original = (propertyName ?? name).text;
    const node = moduleSpecifier
      ? target && exportsOf(target).find((one) => one.name === original)?.node
      : localDeclaration(path, original);
    return { name: name.text, node: node || undefined };
  });
}

/** A name that a module declares, or imports to export it. */
function localDeclaration(path: string, name: string): ts.Declaration | undefined {
  for (const statement of sourceFile(path).statements) {
    if (ts.isVariableStatement(statement)) {
      const one = statement.declarationList.declarations.find((declared) => declared.name.getText() === name);
      if (one) return one;
    }
    if (ts.isImportDeclaration(statement)) {
      const named = statement.importClause?.namedBindings;
      const one = named && ts.isNamedImports(named) ? named.elements.find((element) => element.name.text === name) : undefined;
      const target = one && resolved(path, (statement.moduleSpecifier as ts.StringLiteral).text);
      if (one && target) return exportsOf(target).find((other) => other.name === (one.propertyName ?? one.name).text)?.node;
    }
    if ((statement as ts.DeclarationStatement).name?.getText() === name) return statement as unknown as ts.Declaration;
  }
  return undefined;
}

function describe(name: string, node: ts.Declaration): string {
  if (ts.isSourceFile(node)) return namespace(name, node);
  const declared = (node as ts.NamedDeclaration).name?.getText();
  const same = declared && declared !== name ? [`In the sources: \`${declared}\`.`] : [];
  const members = ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) ? node.members.filter(isPublic) : [];
  const documented = members.filter((member) => docOf(member) !== '');
  const list = documented.map(
    (member) => `| \`${memberName(member)}\` | ${cell(docOf(member).replace(/```[\s\S]*?```/g, ''))} |`,
  );
  const table = list.length > 0 ? [['| member | meaning |', '|---|---|', ...list].join('\n')] : [];
  const doc = docOf(node);
  return [`### ${name}`, ...(doc ? [doc] : []), ...same, `\`\`\`ts\n${signature(node)}\n\`\`\``, ...table].join('\n\n');
}

/** The functions of a namespace such as `f`, as a table. */
function namespace(name: string, file: ts.SourceFile): string {
  const rows = exportsOf(file.fileName).flatMap(({ name: inner, node }) =>
    node
      ? [`| \`${name}.${inner}\` | \`${signature(node).replace(/\s+/g, ' ').replaceAll('|', '\\|')}\` | ${cell(docOf(node))} |`]
      : [],
  );
  return [`### ${name}`, ['| function | signature | meaning |', '|---|---|---|', ...rows].join('\n')].join('\n\n');
}

function isPublic(member: ts.Node): boolean {
  const name = (member as ts.NamedDeclaration).name;
  return !isHidden(member) && !(name && ts.isComputedPropertyName(name));
}

const memberName = (member: ts.Node) =>
  ts.isConstructorDeclaration(member) ? 'constructor' : ((member as ts.NamedDeclaration).name?.getText() ?? 'call');

const oneLine = (text: string) => text.replace(/\/\*\*[\s\S]*?\*\/\s*/g, '');

/** The declaration without bodies, comments and private members. */
function signature(node: ts.Node): string {
  if (ts.isClassDeclaration(node)) {
    const members = node.members
      .filter(isPublic)
      .map((member) => `  ${withoutBody(member).replaceAll('\n', '\n  ').replaceAll('\n    ', '\n  ')};`);
    const heritage = node.heritageClauses?.map((clause) => ` ${clause.getText()}`).join('') ?? '';
    return `class ${node.name?.text}${heritage} {\n${members.join('\n')}\n}`;
  }
  if (ts.isVariableDeclaration(node)) {
    const { initializer, type } = node;
    if (type) return `const ${node.name.getText()}: ${type.getText()}`;
    if (initializer && ts.isArrowFunction(initializer))
      return `const ${node.name.getText()} = ${head(initializer, initializer.body)}…`;
    const value = oneLine(initializer?.getText() ?? '');
    return `const ${node.name.getText()} = ${value.length > 1500 ? `${value.slice(0, value.indexOf('\n'))} …` : value}`;
  }
  return withoutBody(node);
}

function withoutBody(node: ts.Node): string {
  const { body } = node as ts.FunctionDeclaration;
  if (body) return head(node, body).trim();
  if (ts.isPropertyDeclaration(node) && node.initializer && !node.type)
    return head(node, node.initializer).replace(/\s*=\s*$/, '');
  return oneLine(node.getText())
    .replace(/^export /, '')
    .replace(/;$/, '');
}

const head = (node: ts.Node, body: ts.Node) =>
  oneLine(node.getSourceFile().text.slice(node.getStart(), body.getStart()))
    .replace(/^export /, '')
    .trimEnd()
    .concat(ts.isBlock(body) ? '' : ' ');

/** The docstring of a declaration as Markdown. */
function docOf(node: ts.Node): string {
  const holder = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  const text = holder.getSourceFile().text;
  const comments = ts.getLeadingCommentRanges(text, holder.getFullStart()) ?? [];
  const last = comments.map(({ pos, end }) => text.slice(pos, end)).findLast((comment) => comment.startsWith('/**'));
  return last ? commentText(last) : '';
}

/** A docstring's text; its tags become sentences, lists and code. */
function commentText(comment: string): string {
  const text = comment
    .replace(/^\/\*\*[ \t]*/, '')
    .replace(/\s*\*\/$/, '')
    .replace(/^[ \t]*\* ?/gm, '')
    .replace(/\{@link ([^}]+)\}/g, '`$1`');
  const [about = '', ...tags] = text.split(/(?:^|\s)@(?=(?:param|returns|throws|default|example|deprecated|template)\b)/);
  const shown = tags.map((tag) => {
    const [, kind = '', body = ''] = /^(\w+)\s*([\s\S]*)$/.exec(tag.trim()) ?? [];
    if (kind === 'example') return `\`\`\`ts\n${body.trim()}\n\`\`\``;
    if (kind === 'param') return `- ${escaped(body.trim()).replace(/^(\S+)/, '`$1`:')}`;
    const titles: Record<string, string> = {
      returns: 'Returns',
      throws: 'Throws',
      default: 'Default:',
      deprecated: 'Deprecated:',
      template: 'Type:',
    };
    return `${titles[kind]} ${escaped(body.trim())}`.replace(/[^.:?!)]$/, '$&.');
  });
  return [escaped(about.trim()), ...shown]
    .filter((part) => part !== '')
    .join('\n\n')
    .replace(/^(- .*)\n\n(?=- )/gm, '$1\n');
}
