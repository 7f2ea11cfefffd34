import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import type { FloodLimit } from '../../src/switch/flood-limit.ts';
import type { SenderRule } from '../../src/switch/sender-policy.ts';
import type { breachOf } from '../../src/switch/sender-table.ts';
import { MutantLoader, type Mutant } from '../mutant-loader.ts';
import { frameOf, harmless, hostile, policy } from './hostile-frames.ts';

/** A fault in a rule. */
interface RuleMutant extends Mutant {
  /** The rule that it breaks. */
  readonly rule: SenderRule | 'flooding';
}

/** The functions that are judged. */
interface Judged {
  readonly breachOf: typeof breachOf;
  readonly FloodLimit: typeof FloodLimit;
}

const mutants: readonly RuleMutant[] = [
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
  mutant(
    'rogue-dhcp',
    'answers of DHCPv6',
    'dhcpBreach',
    'port === ports.client || isOfServer(frame[at + udpHeaderLength])',
    'isOfServer(frame[at + udpHeaderLength])',
  ),
  mutant('rogue-dhcp', 'answers of DHCPv6 to relays', 'isOfServer', 'type === 13', 'false'),
  mutant('rogue-dhcp', 'advertisements of DHCPv6', 'isOfServer', 'type === 2 ||', ''),
  mutant('unreadable', 'a request of DHCPv6 in fragments', 'dhcpBreach', 'port === ports.server && isFragment', 'false'),
  mutant('forged-dhcp', 'requests for others', 'dhcpBreach', 'policy.mayUse(chaddr)', 'true'),
  mutant('rogue-router', 'advertisements of routers', 'neighbourBreach', 'type === types.routerAdvertisement && !policy.open', 'false'),
  mutant('rogue-router', 'redirects', 'neighbourBreach', 'if (type === types.redirect)', 'if (false)'),
  mutant('rogue-router', 'redirects of IPv4', 'isOfRouter', 'type === 5 ||', ''),
  mutant('rogue-router', 'advertisements of routers of IPv4', 'isOfRouter', '|| type === 9', ''),
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

function mutant(rule: RuleMutant['rule'], name: string, at: string, code: string, fault: string): RuleMutant {
  return { rule, name, at, code, fault };
}

const loader = new MutantLoader(['switch/sender-table.ts', 'switch/flood-limit.ts']);

it('the rules without a fault judge as the table says', async () => {
  expect(wrongRules(await load('none'))).toEqual([]);
});

it.each(mutants)('a fault is caught: $rule, $name', async (one) => {
  const judged = await load(`${mutants.indexOf(one)}`, one);
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

/** Compiles a copy of the rules, and loads the functions that are judged. */
async function load(name: string, one?: Mutant): Promise<Judged> {
  const path = loader.copy(name, one);
  const table = (await import(/* @vite-ignore */ pathToFileURL(path('switch/sender-table.ts')).href)) as Pick<Judged, 'breachOf'>;
  const limit = (await import(/* @vite-ignore */ pathToFileURL(path('switch/flood-limit.ts')).href)) as Pick<Judged, 'FloodLimit'>;
  return { breachOf: table.breachOf, FloodLimit: limit.FloodLimit };
}
