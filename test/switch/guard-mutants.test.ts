import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, expect, it } from 'vitest';
import type { FloodLimit } from '../../src/switch/flood-limit.ts';
import type { SenderRule } from '../../src/switch/sender-policy.ts';
import type { breachOf } from '../../src/switch/sender-table.ts';
import { frameOf, harmless, hostile, policy } from './hostile-frames.ts';

type Source = ReadonlyMap<string, string>;

const { applyEdit, declarationsIn } = (await import(new URL('../conformance/mutants/source.mjs', import.meta.url).href)) as {
  readonly declarationsIn: (source: Source) => object;
  readonly applyEdit: (edit: Mutant, declarations: object) => { readonly file: string; readonly text: string };
};

/** A fault in a rule. `at`, `code` and `fault` are those of the mutants of the conformance suite. */
interface Mutant {
  readonly name: string;
  readonly at: string;
  readonly code: string;
  readonly fault: string;
  /** The rule that it breaks. */
  readonly rule: SenderRule | 'flooding';
}

/** The functions that are judged. */
interface Judged {
  readonly breachOf: typeof breachOf;
  readonly FloodLimit: typeof FloodLimit;
}

const mutants: readonly Mutant[] = [
  mutant('forged-mac', 'a group may send', 'breachOf', 'hasGroupSource(frame) ||', ''),
  mutant('forged-mac', 'any source passes', 'breachOf', '!policy.mayUse(sourceOf(frame))', 'false'),
  mutant('bridge-frame', 'only the first group of bridges', 'isBridgeFrame', 'last <= bridgeGroups.last', 'last === 0'),
  mutant('bridge-frame', 'no PVST', 'isBridgeFrame', 'first === bridgeGroups.pvstFirst', 'false'),
  mutant('forged-arp', 'probes pass', 'arpBreach', 'sender === 0 ? arpTarget(frame, at) : sender', 'sender'),
  mutant('forged-arp', 'any MAC address of a sender', 'arpBreach', 'policy.mayUse(mac)', 'true'),
  mutant('forged-arp', 'any address of a sender', 'arpBreach', 'policy.mayClaim(claimed)', 'true'),
  mutant('forged-arp', 'one tag is looked through', 'innermostType', 'isTag(frame, at)', 'isTag(frame, at) && tags < 1'),
  mutant('forged-arp', 'no service tags', 'isTagType', 'type === serviceTag', 'false'),
  mutant('forged-arp', 'no SNAP headers of bridges', 'behindSnap', 'low === snap.bridged', 'false'),
  mutant('unreadable', 'any number of tags', 'innermostType', 'tags === mostTags', 'false'),
  mutant('unreadable', 'a request of DHCP in fragments', 'dhcpBreach', "if (isFragment) return '…'", ''),
  mutant('unreadable', 'headers behind that of a fragment', 'ipv6Breach', 'isFragment || count', 'count'),
  mutant('unreadable', 'later fragments of headers', 'ipv6Breach', 'isExtension(frame[at] ?? 0)', 'false'),
  mutant('unreadable', 'any number of headers', 'ipv6Breach', 'count === mostHeaders', 'false'),
  mutant('unreadable', 'neighbour discovery in fragments', 'neighbourBreach', "if (isFragment) return '…'", ''),
  mutant('forged-ipv4', 'any source of IPv4', 'ipv4Breach', '!policy.mayClaim(readIpv4(frame, at + 12))', 'false'),
  mutant('forged-ipv6', 'any source of IPv6', 'ipv6Breach', 'isForged(policy, frame, start + 8)', 'false'),
  mutant('forged-ipv6', 'the bit of a local address is not turned', 'macOf', '^ 0x02_0000', ''),
  mutant('forged-ipv6', 'any advertisement', 'neighbourBreach', 'type === types.advertisement ||', ''),
  mutant('forged-ipv6', 'probes', 'neighbourBreach', 'isUnspecified(frame, start + 8)', 'false'),
  mutant('forged-ipv6', 'any option', 'hasForgedOption', '!policy.mayUse(mac)', 'false'),
  mutant('forged-ipv6', 'the second option', 'hasForgedOption', 'option += length', 'option = end'),
  mutant('forged-ipv6', 'the length of an authentication header', 'lengthOf', '(field + 2) * 4', '(field + 1) * 8'),
  mutant('rogue-dhcp', 'answers to clients', 'dhcpBreach', 'if (port === dhcpPorts.client)', 'if (port === 0)'),
  mutant('rogue-dhcp', 'answers to relays', 'dhcpBreach', 'frame[message] === dhcpOps.reply', 'false'),
  mutant('rogue-dhcp', 'options of IPv4', 'ipv4Breach', '((frame[at] ?? 0) & 0xf) * 4', '20'),
  mutant('rogue-dhcp', 'answers of DHCPv6', 'dhcpBreach', 'readUint16(frame, at + 2) === clientPort', 'false'),
  mutant('forged-dhcp', 'requests for others', 'dhcpBreach', 'policy.mayUse(chaddr)', 'true'),
  mutant('rogue-router', 'advertisements of routers', 'neighbourBreach', 'type === types.routerAdvertisement ||', ''),
  mutant('rogue-router', 'redirects', 'neighbourBreach', '|| type === types.redirect', ''),
  mutant('flooding', 'tokens are not taken', 'FloodLimit.take', 'left >= 1 ? left - 1 : left', 'left'),
  mutant(
    'flooding',
    'tokens are saved for ever',
    'FloodLimit.#left',
    'Math.min(this.#rate, tokens + ((now - at) * this.#rate) / 1000)',
    'tokens + ((now - at) * this.#rate) / 1000',
  ),
  mutant('flooding', 'tokens do not come back', 'FloodLimit.#left', '((now - at) * this.#rate) / 1000', '0'),
];

function mutant(rule: Mutant['rule'], name: string, at: string, code: string, fault: string): Mutant {
  return { rule, name, at, code, fault };
}

const sourceRoot = fileURLToPath(new URL('../../src', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'guard-mutants-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The files of the rules, and those that they import: path in `src` -> text. */
const source = filesFrom(['switch/sender-table.ts', 'switch/flood-limit.ts']);
const declarations = declarationsIn(source);

it('the rules without a fault judge as the table says', async () => {
  expect(wrongRules(await load('none', source))).toEqual([]);
});

it.each(mutants)('a fault is caught: $rule, $name', async (one) => {
  const { file, text } = applyEdit(one, declarations);
  const judged = await load(`${mutants.indexOf(one)}`, new Map([...source, [file, text]]));
  expect(wrongRules(judged)).toContain(one.rule);
});

it('each rule has a fault that is caught', () => {
  expect(new Set(mutants.map(({ rule }) => rule))).toEqual(new Set([...Object.keys(hostile), 'flooding']));
});

/** Returns the rules about which a judgement differs from the table. */
function wrongRules(judged: Judged): string[] {
  const rules = (Object.keys(hostile) as SenderRule[]).filter((rule) =>
    hostile[rule].some(([, frame]) => judged.breachOf(policy, frame) !== rule),
  );
  const isHarmless = harmless.every(([, frame]) => judged.breachOf(policy, frame) === undefined);
  return [...rules, ...(isHarmless ? [] : ['harmless']), ...(limitsFloods(judged) ? [] : ['flooding'])];
}

function limitsFloods(judged: Judged): boolean {
  const limit = new judged.FloodLimit(10, 0);
  const frame = frameOf(0x88b5, new Uint8Array(46));
  const passed = (now: number): number => Array.from({ length: 30 }, () => limit.take(frame, now)).filter(Boolean).length;
  return passed(0) === 10 && passed(500) === 5 && passed(60_000) === 10;
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

/** Compiles files into a directory of their own, and loads the functions that are judged. */
async function load(name: string, files: Source): Promise<Judged> {
  const place = join(directory, name);
  for (const [file, text] of files) {
    const path = join(place, file.replace(/\.ts$/, '.mjs'));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, compiled(text));
  }
  const table = (await import(/* @vite-ignore */ pathToFileURL(join(place, 'switch/sender-table.mjs')).href)) as Pick<Judged, 'breachOf'>;
  const limit = (await import(/* @vite-ignore */ pathToFileURL(join(place, 'switch/flood-limit.mjs')).href)) as Pick<Judged, 'FloodLimit'>;
  return { breachOf: table.breachOf, FloodLimit: limit.FloodLimit };
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
