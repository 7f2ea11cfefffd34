import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { strangersPolicy, type SenderRule } from '../../src/switch/sender-policy.ts';
import { breachOf } from '../../src/switch/sender-table.ts';
import { addTag } from '../../src/wire/dot1q.ts';
import { harmless, hostile, ipv6, octetsOf, policy, rawIcmpv6, thief, victim } from './hostile-frames.ts';

const rules = Object.keys(hostile) as SenderRule[];
const all = Object.values(hostile).flat();

describe.each(rules)('the rule %s', (rule) => {
  it.each(hostile[rule])('refuses: %s', (_what, frame) => {
    expect(breachOf(policy, frame)).toBe(rule);
  });
});

it.each(harmless)('nothing is refused that harms nobody: %s', (_what, frame) => {
  expect(breachOf(policy, frame)).toBeUndefined();
});

describe('a policy', () => {
  const namesOf = (of: typeof policy, which: readonly SenderRule[] = rules): string[] =>
    which.flatMap((rule) => hostile[rule].flatMap(([name, frame]) => (breachOf(of, frame) === undefined ? [`${rule}: ${name}`] : [])));

  it('that trusts DHCP servers lets their answers pass, and nothing else', () => {
    const trusting = { ...policy, trustDhcp: true };
    expect(namesOf(trusting)).toEqual(hostile['rogue-dhcp'].map(([name]) => `rogue-dhcp: ${name}`));
  });

  it('of an open port lets bridges, routers and DHCP servers pass, and no address of others', () => {
    const passing = (['bridge-frame', 'rogue-dhcp', 'rogue-router'] as const).flatMap((rule) =>
      hostile[rule].map(([name]) => `${rule}: ${name}`),
    );
    expect(namesOf({ ...policy, open: true })).toEqual(passing);
  });

  it('of an open port refuses a router advertisement with the MAC address of another', () => {
    const advertisement = (of: typeof victim): Uint8Array => ipv6(rawIcmpv6(134, 12, [1, 1, ...octetsOf(of)]));
    const open = { ...policy, open: true };
    expect([victim, thief].map((of) => breachOf(open, advertisement(of)))).toEqual(['forged-ipv6', undefined]);
  });

  it('that knows no addresses keeps to the other rules', () => {
    const silent: readonly SenderRule[] = ['bridge-frame', 'unreadable', 'rogue-dhcp', 'rogue-router'];
    expect(namesOf(strangersPolicy, silent)).toEqual([]);
    expect(namesOf(strangersPolicy, ['forged-arp', 'forged-dhcp']).length).toBe(
      hostile['forged-arp'].length + hostile['forged-dhcp'].length,
    );
  });

  it('is asked about the present', () => {
    const members = new Set([victim]);
    const changing = { ...policy, mayUse: (mac: typeof victim) => !members.has(mac) };
    const [[, frame]] = hostile['forged-mac'] as readonly [(typeof all)[number]];
    expect(breachOf(changing, frame)).toBe('forged-mac');
    members.clear();
    expect(breachOf(changing, frame)).toBeUndefined();
  });
});

test('tags do not change the judgement of a frame', () => {
  const bare = all.filter(([, frame]) => (frame[12] ?? 0) < 0x81);
  fc.assert(
    fc.property(fc.constantFrom(...bare, ...harmless.slice(0, -1)), fc.array(fc.nat(0xfff), { maxLength: 3 }), ([, frame], tags) => {
      const tagged = tags.reduce(addTag, frame);
      expect(breachOf(policy, tagged)).toBe(breachOf(policy, frame));
    }),
  );
});

test('no octets are read beyond a frame, and no frame is changed', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...all, ...harmless),
      fc.nat(200),
      fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 4 }),
      ([, frame], length, changes) => {
        const cut = frame.slice(0, Math.max(14, length));
        for (const [at, octet] of changes) if (at < cut.length) cut[at] = octet;
        // The same octets in the middle of others, which must not be looked at.
        const memory = new Uint8Array(cut.length + 400).fill(0xfe);
        memory.set(cut, 200);
        const breach = breachOf(policy, cut);
        expect(breachOf(policy, memory.subarray(200, 200 + cut.length))).toBe(breach);
        expect(memory.subarray(200, 200 + cut.length)).toEqual(cut);
      },
    ),
  );
});

test('a station without forged addresses that speaks no control protocol is never refused', () => {
  const own = octetsOf(thief);
  fc.assert(
    fc.property(
      fc.integer({ min: 0x0600, max: 0xffff }).filter((type) => ![0x800, 0x806, 0x86dd, 0x8100, 0x88a8].includes(type)),
      fc.uint8Array({ maxLength: 80 }),
      (type, payload) => {
        const frame = Uint8Array.from([2, 0, 0, 0, 0, 9, ...own, type >>> 8, type & 0xff, ...payload]);
        expect(breachOf(policy, frame)).toBeUndefined();
      },
    ),
  );
});

test('the table of the documents has all rules', () => {
  const text = readFileSync(new URL('../../docs/group.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `([a-z0-9-]+)` \| /gm)].map(([, rule]) => rule);
  expect(rows).toEqual(expect.arrayContaining([...rules, 'flooding']));
});
