import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { budgets, countIn } from './prose/budgets.ts';
import { forbiddenForms, paragraphsOf } from './prose/forms.ts';
import { allTexts, errorMessages, logLines, type Message } from './words.ts';

/*
 * Errors have one form: what failed, with which thing, why; what to do. `cannot connect to /tmp/a/ctl: permission denied (EACCES); run as
 * its owner, or start the switch with -m 666`. A message that ends with another one, `…: ${reason}`, has the remedy from that.
 */

/** Tells what to do: a clause behind a semicolon that begins with a verb, what a value must be, or an error that is passed on. */
const remedy = /; (?:then |first )?[a-z]+ \S|\bmust\b|[:;] \$\{…\}$/;

/** Texts of the original that scripts may know, with which an error may begin. */
const originals = /^(?:No such group|Invalid MAC Addr|Error in pidfile creation|The switch must have)/;

/** Names the thing: a value, an option, or a name in quotes. */
const thing = /\$\{…\}|-[-a-z]|["'`{(]|\bthe [a-z]+/;

/** Idioms of another language, persons in place of programs, and double negations. */
const unidiomatic =
  /\b(?:whom|whoever|whose|nobody|somebody|nowhere|not to be had|lets? (?:you|it|them) (?:not|in)|be told|no more than)\b|(?<!there )\bis no [a-z]+/i;

const errors = errorMessages();
const lines = logLines();

describe('the messages of errors', () => {
  it('are found', () => expect(errors.length).toBeGreaterThan(100));

  it('say what to do', () => expect(without(errors, ({ text }) => remedy.test(text))).toEqual([]));

  it('name the thing that they are about', () => expect(without(errors, ({ text }) => thing.test(text))).toEqual([]));

  it('can stand behind the name of a command: they begin in lower case, and have no full stop', () => {
    expect(without(errors, ({ text }) => (originals.test(text) || /^(?:[^A-Z]|[A-Z]{2})/.test(text)) && !text.endsWith('.'))).toEqual([]);
  });

  it('are in plain English', () => expect(without(errors, ({ text }) => !unidiomatic.test(text))).toEqual([]));
});

describe('the lines of logs', () => {
  it('are found', () => expect(lines.length).toBeGreaterThan(20));

  it('are in plain English, and have no full stop', () => {
    expect(without(lines, ({ text }) => !unidiomatic.test(text) && !text.endsWith('.'))).toEqual([]);
  });
});

const root = join(import.meta.dirname, '..');
const pages = ['', 'docs', 'bench', 'examples', 'fixtures'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

describe('the texts that users read', () => {
  it.each(pages)('%s has none of the forbidden forms', (page) => {
    const found = paragraphsOf(readFileSync(join(root, page), 'utf8')).flatMap((prose) =>
      forbiddenForms(prose).map((form) => `${form}  in: ${prose.text}`),
    );
    expect(found).toEqual([]);
  });

  // The statuses of the console are those of the C library.
  it('in the source have none but negations at the beginning', () => {
    const found = allTexts().flatMap(({ place, text }) => forbiddenForms({ text }).map((form) => `${place}  ${form}  in: ${text}`));
    expect(found.filter((line) => !line.includes('a negation at the beginning'))).toEqual([]);
  });
});

describe('the comments', () => {
  it.each(Object.entries(budgets()))('of %s have no more forbidden forms than before: %i', (folder, most) => {
    const found = countIn(folder);
    expect(found.length, `forbidden forms (test/prose/forms.ts) in ${folder}:\n${found.slice(0, 30).join('\n')}`).toBeLessThanOrEqual(most);
  });
});

/** Returns those that are not so, each with its place. */
function without(messages: readonly Message[], isSo: (message: Message) => boolean): string[] {
  return messages.filter((message) => !isSo(message)).map(({ place, text }) => `${place}  ${text}`);
}
