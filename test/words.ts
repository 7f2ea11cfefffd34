/** Reads from the source what the product says to people: the messages of its errors, and the lines of its logs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** A message, as the source has it: `there is no link ${…}; use one of: ${…}`. */
export interface Message {
  /** `src/lab/network.ts:104`. */
  readonly place: string;
  readonly text: string;
}

const source = join(import.meta.dirname, '..', 'src');

/** Returns the messages of all errors that the product throws for its users. */
export function errorMessages(): Message[] {
  return sources().flatMap((file) => {
    // A function that makes errors of the text that it is given is called with messages.
    const makers = new Map(everyNode(file).flatMap(makerIn));
    return everyNode(file).flatMap((node) => {
      if (ts.isNewExpression(node)) return textsOf(file, messageOf(node));
      if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return [];
      const at = makers.get(node.expression.text);
      return at === undefined ? [] : textsOf(file, node.arguments[at]);
    });
  });
}

/** Returns the lines that the product writes to its logs. */
export function logLines(): Message[] {
  return sources().flatMap((file) =>
    everyNode(file).flatMap((node) => (ts.isCallExpression(node) && isLog(node.expression) ? textsOf(file, node.arguments[0]) : [])),
  );
}

/** Returns all texts of at least three words in the source: messages, help, labels. */
export function allTexts(): Message[] {
  return sources().flatMap((file) =>
    everyNode(file)
      .filter((node): node is ts.Expression => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node))
      .flatMap((node) => textsOf(file, node))
      .filter(({ text }) => text.split(/\s+/).length >= 3),
  );
}

function sources(): ts.SourceFile[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => ts.createSourceFile(join(source, name), readFileSync(join(source, name), 'utf8'), ts.ScriptTarget.Latest, true));
}

function everyNode(root: ts.Node): ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return nodes;
}

/** Returns the message that an error is made with. */
function messageOf(node: ts.NewExpression): ts.Expression | undefined {
  return node.expression.getText() === 'EtherloomError' ? node.arguments?.[1] : undefined;
}

/** Returns the name of a function whose parameter is an error's message, and which parameter that is. */
function makerIn(node: ts.Node): [string, number][] {
  const name = nameOfFunction(node);
  if (name === undefined || !ts.isFunctionLike(node)) return [];
  const made = everyNode(node).flatMap((inner) => (ts.isNewExpression(inner) ? [messageOf(inner)] : []));
  const at = node.parameters.findIndex((parameter) => made.some((message) => message?.getText() === parameter.name.getText()));
  return at < 0 ? [] : [[name, at]];
}

function nameOfFunction(node: ts.Node): string | undefined {
  if (ts.isFunctionDeclaration(node)) return node.name?.text;
  return ts.isArrowFunction(node) && ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : undefined;
}

function isLog(called: ts.Expression): boolean {
  return /(?:^|[.#])log(?:\.(?:debug|info|warn|error))?$/.test(called.getText());
}

/** Returns the texts that an expression may be: both sides of a choice. */
function textsOf(file: ts.SourceFile, expression: ts.Expression | undefined): Message[] {
  if (expression === undefined) return [];
  if (ts.isParenthesizedExpression(expression)) return textsOf(file, expression.expression);
  if (ts.isConditionalExpression(expression)) return [...textsOf(file, expression.whenTrue), ...textsOf(file, expression.whenFalse)];
  const { line } = file.getLineAndCharacterOfPosition(expression.getStart());
  const place = `src/${relative(source, file.fileName)}:${line + 1}`;
  if (ts.isStringLiteralLike(expression)) return [{ place, text: expression.text }];
  if (!ts.isTemplateExpression(expression)) return [];
  const parts = expression.templateSpans.map(({ literal }) => `\${…}${literal.text}`);
  return [{ place, text: `${expression.head.text}${parts.join('')}` }];
}
