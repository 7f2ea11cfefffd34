import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll } from 'vitest';

/** Files of the source: path in `src` -> text. */
export type Source = ReadonlyMap<string, string>;

/** A fault in the source. `at`, `code` and `fault` are those of the mutants of the conformance suite. */
export interface Mutant {
  readonly name: string;
  readonly at: string;
  readonly code: string;
  readonly fault: string;
}

const { applyEdit, declarationsIn } = (await import(new URL('./conformance/mutants/source.mjs', import.meta.url).href)) as {
  readonly declarationsIn: (source: Source) => object;
  readonly applyEdit: (edit: Mutant, declarations: object) => { readonly file: string; readonly text: string };
};

const sourceRoot = fileURLToPath(new URL('../src', import.meta.url));

/** Copies of a part of the source, with faults, in a temporary directory. */
export class MutantLoader {
  readonly #source: Source;
  readonly #declarations: object;
  readonly #directory = mkdtempSync(join(tmpdir(), 'mutants-'));

  /** `entries` are files in `src`; what they import is copied, too. */
  constructor(entries: readonly string[]) {
    this.#source = filesFrom(entries);
    this.#declarations = declarationsIn(this.#source);
    afterAll(() => rmSync(this.#directory, { recursive: true, force: true }));
  }

  /** Compiles a copy, and returns the path of a file in it. */
  copy(name: string, mutant?: Mutant): (file: string) => string {
    const place = join(this.#directory, name);
    const changed = mutant && applyEdit(mutant, this.#declarations);
    for (const [file, text] of this.#source) {
      const path = join(place, file.replace(/\.ts$/, '.mjs'));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, compiled(file === changed?.file ? changed.text : text));
    }
    return (file) => join(place, file.replace(/\.ts$/, '.mjs'));
  }
}

function filesFrom(entries: readonly string[]): Map<string, string> {
  const files = new Map<string, string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    const text = readFileSync(join(sourceRoot, file), 'utf8');
    files.set(file, text);
    for (const [, path = ''] of text.matchAll(/^(?:import|export)\s(?!type\b)[^;'"]*?from '(\.[^']+)';$/gm))
      waiting.push(join(dirname(file), path));
  }
  return files;
}

const cache = new Map<string, string>();

function compiled(text: string): string {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  const made = ts.transpileModule(text, { compilerOptions: options }).outputText.replace(/(from '\.[^']+)\.ts'/g, "$1.mjs'");
  cache.set(text, made);
  return made;
}
