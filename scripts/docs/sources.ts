/** The sources of limn, parsed without their types. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const parsed = new Map<string, ts.SourceFile>();

/** @param path from the repository's root */
export function sourceFile(path: string): ts.SourceFile {
  const file = parsed.get(path) ?? ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  parsed.set(path, file);
  return file;
}

/** All files that are built, in order of their paths. */
export const sourcePaths = (): string[] =>
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((name) => join('src', name).replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.includes('/testing/'))
    .sort();

export const modifiersOf = (node: ts.Node): readonly ts.Modifier[] =>
  ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];

export const isExported = (node: ts.Node): boolean => modifiersOf(node).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);

/** Whether a member is private, protected, or marked as internal. */
export const isHidden = (node: ts.Node): boolean =>
  modifiersOf(node).some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.ProtectedKeyword) ||
  ts.isPrivateIdentifier((node as ts.NamedDeclaration).name ?? node) ||
  ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal');
