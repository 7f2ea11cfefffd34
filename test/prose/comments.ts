/** Reads the comments of sources. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../..');

/** A comment without its marks. Adjacent lines that begin with `//` are one comment. */
export interface Comment {
  /** `src/lab/network.ts`. */
  readonly file: string;
  /** Begins at 1. */
  readonly line: number;
  /** Offsets of the first octet, and of the one after the last. */
  readonly start: number;
  readonly end: number;
  /** True for a doc comment. */
  readonly isDoc: boolean;
  readonly text: string;
}

/** Returns the comments of all sources in a folder, or of one file; the path is relative to the root of the repository. */
export function commentsIn(path: string): Comment[] {
  if (!statSync(join(root, path)).isDirectory()) return commentsOf(path);
  return readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|mjs|js)$/.test(name) && !/(?:^|\/)build\//.test(name))
    .sort()
    .flatMap((name) => commentsOf(join(path, name)));
}

function commentsOf(path: string): Comment[] {
  const text = readFileSync(join(root, path), 'utf8');
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const ranges = new Map<number, ts.CommentRange>();
  for (const token of tokensOf(file)) {
    const leading = ts.getLeadingCommentRanges(text, token.pos) ?? [];
    const trailing = ts.getTrailingCommentRanges(text, token.end) ?? [];
    for (const range of [...leading, ...trailing]) ranges.set(range.pos, range);
  }
  const comments: Comment[] = [];
  for (const { pos, end, kind } of [...ranges.values()].sort((a, b) => a.pos - b.pos)) {
    const previous = comments.at(-1);
    const isLine = kind === ts.SyntaxKind.SingleLineCommentTrivia;
    const isNext = isLine && previous && /^\n[ \t]*$/.test(text.slice(previous.end, pos)) && text.startsWith('//', previous.start);
    const start = isNext && isAlone(text, previous.start) ? previous.start : pos;
    if (start !== pos) comments.pop();
    const written = text.slice(start, end);
    const { line } = file.getLineAndCharacterOfPosition(start);
    comments.push({ file: relative('.', path), line: line + 1, start, end, isDoc: written.startsWith('/**'), text: withoutMarks(written) });
  }
  return comments;
}

/** Returns true if a comment is the only thing in its line. */
function isAlone(text: string, start: number): boolean {
  return /(?:^|\n)[ \t]*$/.test(text.slice(Math.max(0, start - 200), start));
}

function withoutMarks(comment: string): string {
  if (comment.startsWith('//')) return comment.replace(/^[ \t]*\/\/ ?/gm, '').trim();
  return comment
    .replace(/^\/\*+\s?|\s*\*\/$/g, '')
    .replace(/^[ \t]*\* ?/gm, '')
    .trim();
}

function tokensOf(file: ts.SourceFile): ts.Node[] {
  const tokens: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(file);
    if (children.length === 0) tokens.push(node);
    for (const child of children) visit(child);
  };
  visit(file);
  return tokens;
}
