import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

type Results = ReadonlyMap<string, { readonly name: string; readonly outcome: string; readonly output: string }>;

const { readTap, suiteFiles, titlesOf } = (await import(new URL('suite.mjs', import.meta.url).href)) as {
  readonly readTap: (output: string, file: string, late: boolean) => Results;
  readonly suiteFiles: () => string[];
  readonly titlesOf: (ids: readonly string[]) => string;
};
const { checksIn } = (await import(new URL('sample.mjs', import.meta.url).href)) as {
  readonly checksIn: (files: readonly string[], vdeSwitch: string) => Promise<ReadonlyMap<string, string>>;
};
const { onPurpose } = (await import(new URL('on-purpose.mjs', import.meta.url).href)) as {
  readonly onPurpose: ReadonlyMap<string, number>;
};
const { mutants } = (await import(new URL('mutants/mutants.mjs', import.meta.url).href)) as {
  readonly mutants: readonly { readonly name: string; readonly tests: readonly string[]; readonly by?: readonly string[] }[];
};

/** Each check of the suite by its id, with its file. */
let checks: ReadonlyMap<string, string>;
beforeAll(async () => {
  checks = await checksIn(suiteFiles(), join(import.meta.dirname, '../../bin/vde_switch'));
}, 300_000);

/** Returns whether a check of these files has the id, with any parameter if it has none itself. */
function isThere(id: string, files = suiteFiles()): boolean {
  return [...checks].some(([check, file]) => files.includes(file) && new RegExp(titlesOf([id])).test(`${check}: `));
}

describe('the ids of checks', () => {
  it('are there, one for each check', () => {
    // The list would have failed at a check without an id, or with that of another.
    expect(checks.size).toBeGreaterThan(1200);
  });

  it('that are registered as different on purpose are those of checks', () => {
    expect([...onPurpose.keys()].filter((id) => !checks.has(id))).toEqual([]);
  });

  it('that a mutant is caught by are those of checks of its files', () => {
    const unknown = mutants.flatMap(({ name, tests, by = [] }) => {
      const files = suiteFiles().filter((file) => tests.some((beginning) => file.startsWith(beginning)));
      return by.filter((id) => !isThere(id, files)).map((id) => `${name}: ${id}`);
    });
    expect(unknown).toEqual([]);
  });
});

describe('what tap printed', () => {
  const failureOf = (...titles: string[]): string | undefined => {
    const lines = titles.map((title, i) => `ok ${i + 1} - ${title}\n`);
    return readTap(`${lines.join('')}1..${lines.length}\n`, 'a.test.mjs', false).get('a.test.mjs')?.output;
  };

  it('has ids and names', () => {
    const results = readTap("ok 1 - hub-known: a 'known' one: all\nok 2 - frames-long[15]: long # SKIP why\n1..2\n", 'a', false);
    expect([...results].map(([id, { name, outcome }]) => [id, name, outcome])).toEqual([
      ['hub-known', "a 'known' one: all", 'passed'],
      ['frames-long[15]', 'long', 'skipped'],
    ]);
  });

  it('is a failure of the file where an id is missing or stands twice', () => {
    expect(failureOf('hub-a: one', 'hub-b: one')).toBeUndefined();
    expect(failureOf('hub-a: one', 'hub-a: two')).toBe('hub-a is the id of two checks');
    expect(failureOf('hub-a: one', 'it works')).toBe('a check has no id: it works');
  });
});

describe('the pattern for titles', () => {
  const matching = (ids: string[]): string[] =>
    ['modes-of[-m 660]: a', 'modes-of[-m 660 -x]: a', 'modes-of-400: a', 'hash-find[a:b (c)]: a'].filter((title) =>
      new RegExp(titlesOf(ids)).test(title),
    );

  it('is for that parameter, or for any', () => {
    expect(matching(['modes-of[-m 660]'])).toEqual(['modes-of[-m 660]: a']);
    expect(matching(['modes-of'])).toEqual(['modes-of[-m 660]: a', 'modes-of[-m 660 -x]: a']);
    expect(matching(['hash-find[a:b (c)]', 'modes-of-400'])).toEqual(['modes-of-400: a', 'hash-find[a:b (c)]: a']);
  });
});
