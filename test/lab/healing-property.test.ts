import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  assertHasConverged,
  assertHasNoLoop,
  assertReaches,
  lab,
  rolesOf,
  survives,
  type LabHost,
  type LabSwitch,
  type Network,
} from '../../src/lab/lab.ts';
import { formatIpv4 } from '../../src/wire/ipv4.ts';

const runs = Number(process.env['LAB_RUNS'] ?? 40);

/** Switches, each at an earlier one, and links beyond those; a host at each. */
const graph = fc.record({
  seed: fc.nat(),
  parents: fc.array(fc.nat(50), { minLength: 1, maxLength: 8 }),
  extra: fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { maxLength: 6 }),
  priorities: fc.array(fc.constantFrom(0x1000, 0x8000, 0xf000), { minLength: 9, maxLength: 9 }),
});

function build({ seed, parents, extra, priorities }: typeof graph extends fc.Arbitrary<infer Graph> ? Graph : never): Network {
  const net = lab({ seed, calm: 20_000 });
  const switches = [0, ...parents].map((_, n) => net.switch(`s${n + 1}`, { fstp: true, priority: priorities[n] ?? 0x8000 }));
  const at = (n: number): LabSwitch => switches[n % switches.length] ?? net.switchNamed('s1');
  parents.forEach((parent, n) => net.link(at(parent % (n + 1)), at(n + 1)));
  for (const [a, b] of extra) if (at(a) !== at(b)) net.link(at(a), at(b));
  switches.forEach((one, n) => net.host(`h${n + 1}`, one));
  return net;
}

/** Checks that all hosts joined by links reach each other: from one of each group all are tried. */
async function allReach(net: Network): Promise<void> {
  const groups: LabHost[][] = [];
  for (const host of net.hosts) {
    const at = switchOf(host);
    if (at?.running !== true) continue;
    const group = groups.find(([first]) => first && isJoined(net, switchOf(first), at));
    if (group) group.push(host);
    else groups.push([host]);
  }
  for (const [first, ...others] of groups) for (const other of others) if (first) await assertReaches(first, other);
}

function switchOf({ end }: LabHost): LabSwitch | undefined {
  return end?.peer.owner as LabSwitch | undefined;
}

function isJoined(net: Network, from: LabSwitch | undefined, to: LabSwitch): boolean {
  const seen = new Set<unknown>([from]);
  for (const at of seen) {
    for (const { up, ends } of net.links) {
      const [a, b] = ends;
      if (up && a.owner === at) seen.add(b.owner);
      if (up && b.owner === at) seen.add(a.owner);
    }
  }
  return seen.has(to);
}

function isRoot(one: LabSwitch): boolean {
  return one.running && !rolesOf(one).includes('R');
}

it(
  'spanning trees of any network heal after any single cut, and after a crash of the root and its return',
  { timeout: 300_000 },
  async () => {
    let cuts = 0;
    await fc.assert(
      fc.asyncProperty(graph, async (drawn) => {
        using net = build(drawn);
        await assertHasConverged(net);
        await allReach(net);
        for (const link of net.links.filter(({ ends }) => ends.every(({ owner }) => net.switches.some((one) => one === owner)))) {
          const cut = link.cut();
          const before = net.now;
          await assertHasConverged(net);
          // Nine of them are to see that nothing changes any more.
          expect(net.now - before).toBeLessThan(60_000);
          await allReach(net);
          cut[Symbol.dispose]();
          await assertHasConverged(net);
          cuts++;
        }
        const root = net.switches.find(isRoot);
        const outage = root?.crash();
        await assertHasConverged(net);
        await allReach(net);
        outage?.[Symbol.dispose]();
        await assertHasConverged(net);
        await allReach(net);
        expect(net.switches.filter(isRoot)).toEqual([root]);
        await assertHasNoLoop(net);
      }),
      { numRuns: runs },
    );
    expect(cuts).toBeGreaterThan(runs);
  },
);

it('no address is leased twice over bad links and by wrong clocks, and all have one when that is over', { timeout: 300_000 }, async () => {
  const faults = ['impair', 'silence', 'cut', 'crash', 'skew', 'hold'] as const;
  await survives(
    fc,
    { runs, dhcp: { leaseTime: 60 }, hosts: 5, acts: 10, span: 40_000, faults, pings: false, lab: { history: 0, calm: 20_000 } },
    (net) => {
      const watch = net.station('watch');
      let twice = '';
      const looking = watch.every(20, () => {
        const addresses = net.hosts.flatMap(({ lease }) => (lease ? [lease.address] : []));
        const again = addresses.find((address, at) => addresses.indexOf(address) !== at);
        if (again !== undefined) twice ||= `${formatIpv4(again)} is leased twice at ${net.now} ms`;
      });
      return async () => {
        for (const host of net.hosts) await net.runUntil(() => host.lease !== undefined, { minutes: 2 });
        looking[Symbol.dispose]();
        expect(twice).toBe('');
      };
    },
  );
});
