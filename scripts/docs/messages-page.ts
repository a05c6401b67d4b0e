/** docs/reference/messages.md, from every `new LimnError(code, message)` of the sources. */
import ts from 'typescript';
import type { LimnErrorCode } from '../../src/core/errors.js';
import { cell, generated } from './page.js';
import { sourceFile, sourcePaths } from './sources.js';

/** What each code means, and what to do where the message itself does not say it. */
const codes: Readonly<Record<LimnErrorCode, { meaning: string; advice: string }>> = {
  USAGE: { meaning: 'The call is wrong.', advice: 'Change the option or argument that the message names.' },
  CONFIG: { meaning: 'A configuration, plug-in or setting is wrong.', advice: 'Correct the key or file that the message names.' },
  DATA: {
    meaning: 'A dataset, table or file of vectors is damaged or incomplete.',
    advice: 'Correct or replace the file or row that the message names.',
  },
  IMAGE: { meaning: 'An image cannot be read.', advice: 'Replace the image, or skip broken images with --skip-broken.' },
  ENCODER: {
    meaning: 'An encoder is missing or does not fit.',
    advice: 'Import or pull the encoder again, or name another one.',
  },
  CHECKPOINT: {
    meaning: 'A checkpoint or model folder is damaged or of something else.',
    advice: 'Use another checkpoint, or train into a new folder.',
  },
  GALLERY: {
    meaning: 'A gallery is missing, damaged, or of another model.',
    advice: 'Check it with "limn gallery check", or index again.',
  },
  STORE: {
    meaning: 'The store of a gallery failed or refused a write.',
    advice: 'Check that its server or disk works, then try again.',
  },
  QUEUE: { meaning: 'The queue or its Redis failed.', advice: 'Check that Redis can be reached, then try again.' },
  GRAPH_SHAPE: { meaning: 'Shapes do not fit together in a graph.', advice: 'Change the shapes that the message names.' },
  GRAPH_UNSUPPORTED: {
    meaning: 'A graph or ONNX file has something that limn does not compute.',
    advice: 'Export the model with other operators or another opset.',
  },
  RUNTIME: { meaning: 'ONNX Runtime or the device failed.', advice: 'Run "limn doctor", and try again with --device cpu.' },
  NOT_FINITE: {
    meaning: 'A number is NaN or infinite.',
    advice: 'Lower the learning rate, or check the input that the message names.',
  },
  INTERRUPTED: {
    meaning: 'The work was stopped.',
    advice: 'Run the same command again, with --resume where it has that option.',
  },
  IO: { meaning: 'A file or address cannot be read or written.', advice: 'Check the path, its permissions and the free space.' },
};

/** What begins the part of a message that says what to do. */
const imperative =
  /^(?:or |then |please )?(?:add|allow|ask|build|call|change|check|choose|close|compare|copy|correct|create|delete|do not|download|draw|end|export|fetch|first|free|give|go|import|index|install|keep|leave|list|look|lower|make|move|name|open|pass|point|pull|put|quote|raise|read|rebuild|reduce|remove|rename|repair|replace|restart|run|save|say|see|send|set|start|stop|take|train|try|turn|update|upgrade|use|wait|write)\b/i;

interface Thrown {
  code: string;
  message: string;
}

export function messagesPage(): string {
  const found = sourcePaths().flatMap((path) => thrownIn(sourceFile(path)));
  const sections = Object.entries(codes).map(([code, { meaning, advice }]) => {
    const own = found.filter((one) => one.code === code).map(({ message }) => message);
    const rows = [...new Set(own)]
      .sort((a, b) => (a < b ? -1 : 1))
      .map((message) => {
        const [what, todo] = parts(message);
        return `| ${cell(what)} | ${cell(todo ?? 'see above')} |`;
      });
    return `## ${code}\n\n${meaning} ${advice}\n\n| message | what to do |\n|---|---|\n${rows.join('\n')}`;
  });
  const intro = `Every error that limn throws on purpose is a \`LimnError\` with a \`code\`, a message of one line, and the offending values in \`details\`.
\`{name}\` stands for a value, and \`…\` for a part that depends on the case. "See above" means the advice at the head of the section.
The command line exits with 2 for \`USAGE\` and \`CONFIG\`, with 130 for \`INTERRUPTED\`, and with 1 for all others.`;
  return `${[generated('Messages', 'the sources'), intro, ...sections].join('\n\n')}\n`;
}

/** What happened, and what to do about it; undefined where the message leaves it to the section. */
export function parts(message: string): [string, string?] {
  const breaks = [...message.matchAll(/(?:[:;] |[.?!)] )/g)];
  for (const { index, 0: sign } of breaks) {
    const rest = message.slice(index + sign.length);
    if (!imperative.test(rest)) continue;
    const what = message.slice(0, index + (/^[:;]/.test(sign) ? 0 : 1));
    return [what.replace(/[^.?!]$/, '$&.'), rest.charAt(0).toUpperCase() + rest.slice(1)];
  }
  return [message];
}

function thrownIn(file: ts.SourceFile): Thrown[] {
  const thrown: Thrown[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'LimnError') {
      const [code, message] = node.arguments ?? [];
      if (code && message) {
        for (const name of textsOf(code))
          for (const text of textsOf(message)) thrown.push({ code: name, message: text.replace(/\s+/g, ' ') });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  // A text that is only a value is the message of another error, which stands under that error's own code.
  return thrown.filter(({ message }) => /[a-z]{2,} [a-z]/i.test(message));
}

/** The texts that an expression can be, with `{name}` for what is known only when it runs. */
function textsOf(node: ts.Expression, depth = 0): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return textsOf(node.expression, depth);
  if (ts.isConditionalExpression(node)) return [...textsOf(node.whenTrue, depth), ...textsOf(node.whenFalse, depth)];
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return textsOf(node.left, depth).flatMap((left) => textsOf(node.right, depth).map((right) => left + right));
  }
  if (ts.isTemplateExpression(node)) {
    return [
      node.head.text + node.templateSpans.map(({ expression, literal }) => placeholder(expression) + literal.text).join(''),
    ];
  }
  if (
    ts.isCallExpression(node) &&
    node.expression.getText() === 'messageOf' &&
    node.arguments[0] &&
    !ts.isIdentifier(node.arguments[0])
  ) {
    return textsOf(node.arguments[0], depth);
  }
  if (ts.isIdentifier(node) && depth < 4) {
    const known = definitionsOf(node);
    if (known.length > 0) return known.flatMap((one) => textsOf(one, depth + 1));
  }
  return [placeholder(node)];
}

/** What a name is set to: its declaration's value, or what the callers in this file hand in for a parameter. */
function definitionsOf(name: ts.Identifier): ts.Expression[] {
  for (let scope: ts.Node = name.parent; scope; scope = scope.parent) {
    const parameters: readonly ts.ParameterDeclaration[] = ts.isFunctionLike(scope) ? scope.parameters : [];
    const at = parameters.findIndex((parameter) => parameter.name.getText() === name.text);
    if (at >= 0) return argumentsOf(scope, at);
    const statements = ts.isBlock(scope) || ts.isSourceFile(scope) ? scope.statements : [];
    for (const statement of statements) {
      if (!ts.isVariableStatement(statement)) continue;
      const declared = statement.declarationList.declarations.find((one) => one.name.getText() === name.text);
      if (declared?.initializer) return [declared.initializer];
    }
  }
  return [];
}

function argumentsOf(callee: ts.Node, at: number): ts.Expression[] {
  const named =
    ts.isArrowFunction(callee) && ts.isVariableDeclaration(callee.parent)
      ? callee.parent.name
      : (callee as ts.FunctionDeclaration).name;
  if (!named) return [];
  const found: ts.Expression[] = [];
  const visit = (node: ts.Node): void => {
    const called = ts.isCallExpression(node) ? node.expression : undefined;
    if (called && (ts.isPropertyAccessExpression(called) ? called.name : called).getText() === named.getText()) {
      const argument = (node as ts.CallExpression).arguments[at];
      if (argument) found.push(argument);
    }
    ts.forEachChild(node, visit);
  };
  visit(callee.getSourceFile());
  return found;
}

function placeholder(node: ts.Expression): string {
  if (ts.isIdentifier(node)) return `{${node.text}}`;
  if (ts.isPropertyAccessExpression(node)) return `{${node.name.text}}`;
  if (ts.isNonNullExpression(node) || ts.isAsExpression(node)) return placeholder(node.expression);
  if (ts.isCallExpression(node) && node.expression.getText() === 'messageOf') return '{reason}';
  return '…';
}
