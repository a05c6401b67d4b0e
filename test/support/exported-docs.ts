/**
 * What the public entry points export, without a docstring. Read from the syntax alone, so that it takes a second: export specifiers are followed through
 * the files of `src` to their declarations, and from these to the parts of their types that a caller sees.
 */
import { readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import ts from 'typescript';
import { isExported, isHidden, modifiersOf } from '../../scripts/docs/sources.js';

/** Reads a file of the source, by its path with slashes. */
export type ReadSource = (path: string) => string;

interface Place {
  readonly file: ts.SourceFile;
  readonly node: ts.Node;
}

export class ExportedDocs {
  private readonly files = new Map<string, ts.SourceFile>();
  private readonly seen = new Set<ts.Node>();
  private readonly gaps = new Set<string>();
  private symbols = 0;

  constructor(private readonly read: ReadSource = (path) => readFileSync(path, 'utf8')) {}

  /** What has no docstring, as `file: Name.field`, and how many symbols and members were looked at. */
  check(entries: readonly string[]): { gaps: string[]; symbols: number } {
    for (const entry of entries) this.module(entry);
    return { gaps: [...this.gaps].sort(), symbols: this.symbols };
  }

  private source(path: string): ts.SourceFile {
    const known = this.files.get(path);
    if (known) return known;
    const file = ts.createSourceFile(path, this.read(path), ts.ScriptTarget.Latest, true);
    this.files.set(path, file);
    return file;
  }

  private module(path: string): void {
    const file = this.source(path);
    for (const statement of file.statements) {
      if (ts.isExportDeclaration(statement)) this.reExports(file, statement);
      else if (isExported(statement)) for (const node of declarationsIn(statement)) this.declaration({ file, node });
    }
  }

  private reExports(file: ts.SourceFile, statement: ts.ExportDeclaration): void {
    const from = statement.moduleSpecifier && (statement.moduleSpecifier as ts.StringLiteral).text;
    if (from !== undefined && !from.startsWith('.')) return;
    const target = from === undefined ? file.fileName : resolve(file.fileName, from);
    const named =
      statement.exportClause && ts.isNamedExports(statement.exportClause) ? statement.exportClause.elements : undefined;
    if (!named) this.module(target);
    for (const element of named ?? []) {
      for (const place of this.find(target, (element.propertyName ?? element.name).text)) this.declaration(place);
    }
  }

  /** Declarations of a name that a file declares, imports or re-exports; none for a name of another package. */
  private find(path: string, name: string): Place[] {
    const file = this.source(path);
    const own = file.statements.flatMap((statement) =>
      declarationsIn(statement).filter((node) => (node as ts.NamedDeclaration).name?.getText(file) === name),
    );
    if (own.length > 0) return own.map((node) => ({ file, node }));
    for (const statement of file.statements) {
      const specifier = (ts.isExportDeclaration(statement) || ts.isImportDeclaration(statement)) && statement.moduleSpecifier;
      if (!specifier || !(specifier as ts.StringLiteral).text.startsWith('.')) continue;
      const target = resolve(path, (specifier as ts.StringLiteral).text);
      const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : statement.exportClause;
      if (!bindings && ts.isExportDeclaration(statement)) {
        const found = this.find(target, name);
        if (found.length > 0) return found;
      }
      if (!bindings || ts.isNamespaceImport(bindings) || ts.isNamespaceExport(bindings)) continue;
      const element = [...bindings.elements].find((one) => one.name.text === name);
      if (element) return this.find(target, (element.propertyName ?? element.name).text);
    }
    return [];
  }

  private declaration({ file, node }: Place): void {
    if (this.seen.has(node)) return;
    this.seen.add(node);
    const name = (node as ts.NamedDeclaration).name?.getText(file) ?? 'default';
    this.want(file, node, name);
    if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) {
      const bases = (node.heritageClauses ?? []).flatMap(({ types }) => [...types]);
      for (const type of bases) this.type(file, type, name);
      const inherited = bases.flatMap((type) => this.find(file.fileName, type.expression.getText(file)).flatMap(memberNames));
      this.members(file, node.members, name, new Set(inherited));
    } else if (ts.isTypeAliasDeclaration(node)) this.type(file, node.type, name);
    else if (ts.isFunctionDeclaration(node)) this.parameters(file, node, name);
    else if (ts.isVariableDeclaration(node)) this.value(file, node, name);
  }

  private want(file: ts.SourceFile, node: ts.Node, name: string): void {
    this.symbols++;
    if (!hasText(node)) this.gaps.add(`${file.fileName}: ${name}`);
  }

  /** @param inherited names that a base class or an interface has: their text is there */
  private members(file: ts.SourceFile, members: Iterable<ts.Node>, owner: string, inherited = new Set<string>()): void {
    for (const member of members) {
      if (isHidden(member)) continue;
      if (ts.isConstructorDeclaration(member)) {
        for (const parameter of member.parameters) {
          const own = parameter.name.getText(file);
          if (ts.isParameterPropertyDeclaration(parameter, member) && !isHidden(parameter) && !inherited.has(own)) {
            this.want(file, parameter, `${owner}.${own}`);
          }
        }
        continue;
      }
      const own = (member as ts.NamedDeclaration).name?.getText(file);
      if (own === undefined || own.startsWith('[') || inherited.has(own) || isOverride(member)) continue;
      const name = `${owner}.${own}`;
      // The second signature of an overload or a setter beside its getter needs no text of its own.
      if (!ts.isSetAccessor(member)) this.want(file, firstOf(member, members, file), name);
      if (ts.isFunctionLike(member)) this.parameters(file, member, name);
      else if ('type' in member && member.type) this.fields(file, member.type as ts.TypeNode, name);
    }
  }

  /** The parts of a type that belong to what is exported: its own fields, and those of types that it is made of. */
  private type(file: ts.SourceFile, type: ts.Node, owner: string): void {
    if (ts.isTypeLiteralNode(type)) this.members(file, type.members, owner);
    else if (ts.isIntersectionTypeNode(type)) for (const part of type.types) this.type(file, part, owner);
    // The text of a union tells its variants apart; what they are named after needs one of its own.
    else if (ts.isUnionTypeNode(type)) {
      for (const part of type.types) if (!ts.isTypeLiteralNode(part)) this.type(file, part, owner);
    } else if (ts.isFunctionTypeNode(type)) this.parameters(file, type, owner);
    else if (ts.isTypeQueryNode(type)) this.named(file, type.exprName.getText(file));
    else if (ts.isExpressionWithTypeArguments(type) || ts.isTypeReferenceNode(type)) {
      this.named(file, (ts.isTypeReferenceNode(type) ? type.typeName : type.expression).getText(file));
      for (const argument of type.typeArguments ?? []) if (!ts.isTypeLiteralNode(argument)) this.type(file, argument, owner);
    } else if (ts.isParenthesizedTypeNode(type) || ts.isTypeOperatorNode(type)) this.type(file, type.type, owner);
    else if (ts.isArrayTypeNode(type)) this.type(file, type.elementType, owner);
  }

  /** Fields of an object that is written out inside a type. */
  private fields(file: ts.SourceFile, type: ts.TypeNode, owner: string): void {
    ts.forEachChild(type, (child) => this.fields(file, child as ts.TypeNode, owner));
    if (ts.isTypeLiteralNode(type) && type.members.length > 3) this.members(file, type.members, owner);
  }

  private parameters(file: ts.SourceFile, node: ts.SignatureDeclaration, owner: string): void {
    const text = ts
      .getJSDocCommentsAndTags(node)
      .map((doc) => doc.getText())
      .join('\n');
    for (const parameter of node.parameters) {
      if (!parameter.type || isHidden(parameter)) continue;
      if (ts.isTypeLiteralNode(parameter.type)) {
        // An option may be told in the function's own text (`@param options.device ...`) or at the field.
        for (const member of parameter.type.members) {
          const own = (member as ts.NamedDeclaration).name?.getText(file) ?? '';
          if (!new RegExp(`\\b${own}\\b`).test(text)) this.want(file, member, `${owner}(${own})`);
        }
      } else this.type(file, parameter.type, owner);
    }
  }

  /** A constant: the fields of a zod object, and the methods of an object literal. */
  private value(file: ts.SourceFile, node: ts.VariableDeclaration, owner: string): void {
    if (node.type) this.type(file, node.type, owner);
    const visit = (inner: ts.Node): void => {
      if (ts.isCallExpression(inner)) {
        visit(inner.expression);
        for (const argument of inner.arguments) {
          if (!ts.isObjectLiteralExpression(argument)) visit(argument);
          else if (holdsFields(inner)) this.schema(file, argument, owner);
        }
      } else if (ts.isPropertyAccessExpression(inner)) visit(inner.expression);
      else if (ts.isIdentifier(inner) && inner.text !== 'z') this.schemaOf(file, inner.text);
    };
    if (node.initializer && ts.isCallExpression(node.initializer)) visit(node.initializer);
    if (node.initializer && (ts.isArrowFunction(node.initializer) || ts.isFunctionExpression(node.initializer))) {
      this.parameters(file, node.initializer, owner);
    }
  }

  private schemaOf(file: ts.SourceFile, name: string): void {
    for (const place of this.find(file.fileName, name)) {
      if (ts.isVariableDeclaration(place.node) && /\bz\b/.test(place.node.initializer?.getText(place.file) ?? ''))
        this.declaration(place);
    }
  }

  private schema(file: ts.SourceFile, object: ts.ObjectLiteralExpression, owner: string): void {
    for (const field of object.properties) {
      if (!ts.isPropertyAssignment(field)) continue;
      const described = /\b(describe|description|openapi)\b/.test(field.initializer.getText(file));
      if (!described) this.want(file, field, `${owner}.${field.name.getText(file)}`);
    }
  }

  /** A type that is named inside an exported one, where it is limn's own. */
  private named(file: ts.SourceFile, name: string): void {
    for (const place of this.find(file.fileName, name)) this.declaration(place);
  }
}

const resolve = (from: string, specifier: string) => posix.join(dirname(from), specifier).replace(/\.js$/, '.ts');
/** Whether an object among the arguments of a call holds the fields of a zod schema. */
const holdsFields = (call: ts.CallExpression) => /\.(strictObject|object|extend)$/.test(call.expression.getText());

const isOverride = (node: ts.Node) => modifiersOf(node).some(({ kind }) => kind === ts.SyntaxKind.OverrideKeyword);
const memberNames = ({ file, node }: Place): string[] =>
  ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)
    ? node.members.flatMap((member) => member.name?.getText(file) ?? [])
    : [];

function declarationsIn(statement: ts.Statement): ts.Node[] {
  if (ts.isVariableStatement(statement)) return [...statement.declarationList.declarations];
  const isDeclaration =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return isDeclaration ? [statement] : [];
}

/** Of the signatures of one name, the first: it has the text. */
function firstOf(member: ts.Node, members: Iterable<ts.Node>, file: ts.SourceFile): ts.Node {
  const name = (member as ts.NamedDeclaration).name?.getText(file);
  for (const one of members) if ((one as ts.NamedDeclaration).name?.getText(file) === name) return one;
  return member;
}

/** Whether words stand before a node: a default alone says nothing. */
function hasText(node: ts.Node): boolean {
  const docs = ts.getJSDocCommentsAndTags(ts.isVariableDeclaration(node) ? node.parent.parent : node);
  return docs.some((doc) => {
    const text = doc
      .getText()
      .replace(/^\/\*\*|\*\/$/g, '')
      .replace(/^\s*\*/gm, '')
      .replace(/@default\b.*/g, '')
      .replace(/@\w+/g, '');
    return /\w/.test(text);
  });
}
