/**
 * Edits of the TypeScript source that survive better comments, other line breaks and moved code: an edit names a declaration and the code
 * in it that it replaces. Code is compared token by token, so neither white space nor comments nor trailing commas matter.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** In an edit's code: any string or template, whatever its text. In its fault: what that was. */
const anyText = "'…'";

/** After these a slash divides; elsewhere it begins a regular expression. */
const endsOperand = new Set([
  ts.SyntaxKind.Identifier,
  ts.SyntaxKind.PrivateIdentifier,
  ts.SyntaxKind.NumericLiteral,
  ts.SyntaxKind.BigIntLiteral,
  ts.SyntaxKind.StringLiteral,
  ts.SyntaxKind.NoSubstitutionTemplateLiteral,
  ts.SyntaxKind.TemplateTail,
  ts.SyntaxKind.ThisKeyword,
  ts.SyntaxKind.CloseParenToken,
  ts.SyntaxKind.CloseBracketToken,
  ts.SyntaxKind.CloseBraceToken,
]);

/** The entry of a mutant's sources, as of any switch. */
export const entry = 'src/cli/vde-switch.ts';

/** Files that a file loads: by a static import or an `export … from`, other than of types, or by `import()`. */
const imported = /^(?:import|export)\s(?!type\b)[^;'"]*?from '(\.[^']+)';$|\bimport\('(\.[^']+)'\)/gm;

/** Returns the files of `vde_switch`: path from the root of the repository -> text. */
export function readSource() {
  const source = new Map();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (source.has(file)) continue;
    const text = readFileSync(join(root, file), 'utf8');
    source.set(file, text);
    for (const [, from, later] of text.matchAll(imported)) waiting.push(join(dirname(file), from ?? later));
  }
  return source;
}

/**
 * Finds the declarations of functions, classes, constants and members of classes. Returns name -> places, where a member is named
 * `Class.member`, `Class.#member`, `Class.constructor` or `Class.[Symbol.dispose]`.
 */
export function declarationsIn(source) {
  const found = new Map();
  for (const [file, text] of source) {
    const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
    const add = (name, node) => {
      const start = node.getStart(tree);
      const line = tree.getLineAndCharacterOfPosition(start).line + 1;
      const tokens = once(() => tokensOf(text.slice(start, node.end)));
      found.set(name, [...(found.get(name) ?? []), { file, line, start, text, tokens }]);
    };
    for (const statement of tree.statements) {
      if (ts.isVariableStatement(statement)) {
        for (const { name } of statement.declarationList.declarations) add(name.getText(tree), statement);
      } else if (ts.isFunctionDeclaration(statement)) add(statement.name.text, statement);
      else if (ts.isClassDeclaration(statement)) {
        add(statement.name.text, statement);
        for (const member of statement.members) add(`${statement.name.text}.${member.name?.getText(tree) ?? 'constructor'}`, member);
      }
    }
  }
  return found;
}

/** Returns every place where the code of an edit stands in the declaration that it names; there should be one. */
export function placesOf({ at, code }, declarations) {
  const wanted = tokensOf(code);
  return (declarations.get(at) ?? []).flatMap((declaration) => placesIn(declaration, wanted));
}

/** Returns the file that an edit changes, and its new text. Throws unless the edit fits in exactly one place. */
export function applyEdit(edit, declarations) {
  const places = placesOf(edit, declarations);
  if (places.length !== 1) throw new Error(misfit(edit, declarations));
  const [{ file, text, start, end, texts }] = places;
  const rest = [...texts];
  const fault = edit.fault.replaceAll(anyText, () => rest.shift() ?? anyText);
  return { file, text: text.slice(0, start) + fault + text.slice(end) };
}

/** Tells why an edit does not fit, and what to do; undefined when it does. */
export function misfit(edit, declarations) {
  const { name, at, code } = edit;
  const named = declarations.get(at) ?? [];
  const count = placesOf(edit, declarations).length;
  if (count === 1) return undefined;
  const where = named.map(({ file, line }) => `${file}:${line}`).join(', ');
  const elsewhere = [...declarations]
    .filter(([other]) => other !== at && placesOf({ at: other, code }, declarations).length === 1)
    .map(([other, [{ file, line }]]) => `\n  it stands in ${other} (${file}:${line})`);
  const why = named.length === 0 ? `src/ declares no ${at}` : `${at} (${where}) has this code ${count} times, not once`;
  return `mutant ${name}: ${why}:\n    ${code}${elsewhere.join('')}\n  change its "at" or "code" in test/conformance/mutants/ (CONTRIBUTING.md, "Mutants")`;
}

function placesIn({ file, text, start, tokens: read }, wanted) {
  const tokens = read();
  const places = [];
  for (let first = 0; first + wanted.length <= tokens.length; first++) {
    if (!wanted.every((token, i) => isLike(token, tokens[first + i]))) continue;
    const last = tokens[first + wanted.length - 1];
    const texts = wanted.flatMap((token, i) => (token.text === anyText ? [tokens[first + i].text] : []));
    places.push({ file, text, start: start + tokens[first].start, end: start + last.end, texts });
  }
  return places;
}

function isLike(wanted, token) {
  return wanted.text === anyText ? token.isText : wanted.text === token.text;
}

/** Returns the tokens of a piece of code. A template is one token; a comma before a closing bracket is none. */
function tokensOf(code) {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, code);
  const tokens = [];
  let before;
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    const start = scanner.getTokenStart();
    if (kind === ts.SyntaxKind.SlashToken && !endsOperand.has(before)) kind = scanner.reScanSlashToken();
    if (kind === ts.SyntaxKind.TemplateHead) kind = scanTemplate(scanner);
    const text = code.slice(start, scanner.getTokenEnd());
    if (/^[)\]}]$/.test(text) && tokens.at(-1)?.text === ',') tokens.pop();
    tokens.push({ text, start, end: scanner.getTokenEnd(), isText: /^['"`]/.test(text) });
    before = kind;
  }
  return tokens;
}

/** Goes on to the end of a template whose head was read. */
function scanTemplate(scanner) {
  for (let depth = 0; ;) {
    let kind = scanner.scan();
    if (kind === ts.SyntaxKind.EndOfFileToken) return kind;
    if (kind === ts.SyntaxKind.OpenBraceToken) depth += 1;
    else if (kind === ts.SyntaxKind.TemplateHead) scanTemplate(scanner);
    else if (kind === ts.SyntaxKind.CloseBraceToken && depth > 0) depth -= 1;
    else if (kind === ts.SyntaxKind.CloseBraceToken) {
      kind = scanner.reScanTemplateToken(false);
      if (kind === ts.SyntaxKind.TemplateTail) return kind;
    }
  }
}

function once(make) {
  let made;
  return () => (made ??= make());
}
