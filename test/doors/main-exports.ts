/** Reads from the sources the main exports of the package, with their examples. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** The root of the repository. */
export const root = join(import.meta.dirname, '../..');

/** An export that has an example, or a door that has one itself. */
export interface MainExport {
  /** `etherloom/lab`. */
  readonly door: string;
  /** Its name; that of the door's room if the example is the door's. */
  readonly name: string;
  /** The doc comment without its tags. */
  readonly text: string;
  /** TypeScript, as a program of its own. */
  readonly example: string;
  /** `src/lab/lab.ts`. */
  readonly file: string;
}

/** Returns the doors of the package by their names, as files of the sources; those with a `*` are left out, since others have all of them. */
export function doors(): ReadonlyMap<string, string> {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, { default?: string }> };
  const named = Object.entries(exports).filter(([name, { default: built }]) => built !== undefined && !name.includes('*'));
  return new Map(named.map(([name, { default: built = '' }]) => [`etherloom${name.slice(1)}`, sourceOf(built)]));
}

/** Returns the main exports, each with its own door, or the first that has it. */
export function readMainExports(): readonly MainExport[] {
  const files = doors();
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const program = ts.createProgram(
    Array.from(files.values(), (file) => join(root, file)),
    options,
  );
  const checker = program.getTypeChecker();
  const main = new Map<ts.Node, MainExport>();
  for (const [door, path] of files) {
    const file = program.getSourceFile(join(root, path));
    const symbol = file && checker.getSymbolAtLocation(file);
    if (!file || !symbol) throw new Error(`${path} is no module`);
    const exported = checker.getExportsOfModule(symbol);
    const [first] = file.statements;
    if (first) add(main, first, door, door.replace('etherloom/', ''), fileComment(file, first));
    for (const one of exported) {
      const origin = one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one;
      const declaration = origin.declarations?.[0];
      if (declaration) add(main, declaration, door, one.name, commentOf(declaration));
    }
  }
  return [...main.values()];
}

function add(main: Map<ts.Node, MainExport>, node: ts.Node, door: string, name: string, comment: string): void {
  const [, text = '', example] = /^([^]*?)\n@example\n```ts\n([^]*?)```/.exec(comment) ?? [];
  const file = relative(root, node.getSourceFile().fileName);
  // Errors and clocks are behind most doors, and belong to their own.
  if (example === undefined || (main.has(node) && doors().get(door) !== file)) return;
  main.set(node, { door, name, text: text.trim(), example, file });
}

/** Returns the doc comment of a declaration as text. */
function commentOf(declaration: ts.Node): string {
  const holder = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const [comment] = ts.getJSDocCommentsAndTags(holder).filter(ts.isJSDoc);
  return comment ? plain(comment.getText()) : '';
}

/** Returns the comment at the beginning of a file, if the first statement declares nothing that it could be for. */
function fileComment(file: ts.SourceFile, first: ts.Statement): string {
  if (!ts.isExportDeclaration(first) && !ts.isImportDeclaration(first)) return '';
  const [range] = ts.getLeadingCommentRanges(file.text, 0) ?? [];
  return range ? plain(file.text.slice(range.pos, range.end)) : '';
}

function plain(comment: string): string {
  return comment.replace(/^\/\*\*\s?|\s*\*\/$/g, '').replace(/^ *\* ?/gm, '');
}

/** Returns the source that a file of the build is made of. */
function sourceOf(built: string): string {
  return built.replace(/^\.\/build\//, 'src/').replace(/\.js$/, '.ts');
}
