import { describe, expect, it } from 'vitest';

interface Edit {
  readonly name: string;
  readonly at: string;
  readonly code: string;
  readonly fault: string;
}

type Source = ReadonlyMap<string, string>;
type Declarations = ReadonlyMap<string, unknown>;

const { mutants, misfits } = (await import(new URL('mutants.mjs', import.meta.url).href)) as {
  readonly mutants: readonly (Edit & { readonly tests: readonly string[] })[];
  readonly misfits: (source: Source, some?: readonly Edit[]) => string[];
};
const { readSource, declarationsIn, applyEdit } = (await import(new URL('source.mjs', import.meta.url).href)) as {
  readonly readSource: () => Source;
  readonly declarationsIn: (source: Source) => Declarations;
  readonly applyEdit: (edit: Edit, declarations: Declarations) => { readonly file: string; readonly text: string };
};
const { suiteFiles } = (await import(new URL('../suite.mjs', import.meta.url).href)) as { readonly suiteFiles: () => string[] };

describe('the mutants', () => {
  it('fit the source, each in one place, and compile', { timeout: 120_000 }, () => {
    expect(misfits(readSource()).join('\n')).toBe('');
  });

  it('have names of their own, and files of the suite that should catch them', () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
    const beginnings = mutants.flatMap(({ tests }) => tests);
    expect(beginnings.filter((beginning) => !suiteFiles().some((file) => file.startsWith(beginning)))).toEqual([]);
  });
});

describe('an edit', () => {
  const edit: Edit = { name: 'no-ack', at: 'Peer.#greet', code: "this.#send(ack, '…')", fault: "this.#drop('…')" };
  const written = `class Peer { #greet() { this.#send(ack, 'hello'); } }\nclass Other { #greet() { this.#send(ack, 'hello'); } }`;
  const edited = (text: string): string => applyEdit(edit, declarationsIn(new Map([['a.ts', text]]))).text;
  const refused = (text: string): string => misfits(new Map([['a.ts', text]]), [edit]).join('\n');

  it('is made in its declaration alone', () => {
    expect(edited(written)).toBe(
      `class Peer { #greet() { this.#drop('hello'); } }\nclass Other { #greet() { this.#send(ack, 'hello'); } }`,
    );
  });

  it('minds neither comments, nor line breaks, nor what a text says', () => {
    const better =
      'class Peer {\n  #greet() {\n    this.#send(\n      ack, // first\n      `${name}: it\'s ${a ? `b}` : "c"}`,\n    );\n  }\n}';
    expect(edited(better)).toBe('class Peer {\n  #greet() {\n    this.#drop(`${name}: it\'s ${a ? `b}` : "c"}`);\n  }\n}');
  });

  it('is found in whatever file the declaration is', () => {
    const source = new Map([
      ['other.ts', 'const ack = /[/\'"]/; const half = ack / 2;'],
      ['moved/peer.ts', written],
    ]);
    expect(applyEdit(edit, declarationsIn(source)).file).toBe('moved/peer.ts');
  });

  it('that does not fit is told by its name, with the place where it would', () => {
    const told = refused(`class Peer { #greet() { this.#send(nak, 'hello'); } }\nfunction greet() { this.#send(ack, 'hello'); }`);
    expect(told).toContain('mutant no-ack: Peer.#greet (a.ts:1) has this code 0 times, not once');
    expect(told).toContain('it stands in greet (a.ts:2)');
    expect(refused('class Guest { #greet() {} }')).toContain('mutant no-ack: src/ declares no Peer.#greet');
    expect(refused("class Peer { #greet() { this.#send(ack, 'a'); this.#send(ack, 'b'); } }")).toContain('2 times, not once');
  });

  it('that makes no program, or the same one, is told by its name', () => {
    const source = new Map([['a.ts', 'function f() { return 1; }']]);
    const told = (fault: string): string => misfits(source, [{ name: 'odd', at: 'f', code: 'return 1', fault }]).join('\n');
    expect(told('return (')).toContain('mutant odd: with its fault in a.ts, this is no TypeScript: Expression expected.');
    expect(told('return /* one */ 1')).toContain('mutant odd: with its fault in a.ts, the program is the same');
    expect(told('return 2')).toBe('');
  });
});
