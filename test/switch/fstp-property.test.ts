import fc from 'fast-check';
import { expect, test } from 'vitest';
import { vid } from '../../src/wire/dot1q.ts';
import { FstpNetwork } from './fstp-network.ts';

interface Story {
  readonly priorities: readonly number[];
  /** Which two switches, and the milliseconds between them. */
  readonly cables: readonly (readonly [number, number, number])[];
  /** The faults: the kind, the cable, and the milliseconds until the next one. */
  readonly events: readonly (readonly [keyof typeof befall, number, number])[];
}

/** The kinds of faults of a cable, and of the switch at its first end. */
const befall = {
  cut: (network: FstpNetwork, index: number) => {
    const cable = network.cable(index);
    if (!network.isCut(cable)) network.cut(cable);
  },
  'cut unnoticed': (network: FstpNetwork, index: number) => {
    const cable = network.cable(index);
    if (!network.isCut(cable)) network.cut(cable, {});
  },
  mend: (network: FstpNetwork, index: number) => {
    const cable = network.cable(index);
    network.mend(cable);
  },
  restart: (network: FstpNetwork, index: number) => {
    const { fstp } = network.firstEnd(network.cable(index)).bridge;
    fstp.enabled = false;
    fstp.enabled = true;
  },
  'more bonus': (network: FstpNetwork, index: number) => {
    const { bridge, port } = network.firstEnd(network.cable(index));
    bridge.fstp.setBonus(vid(0), port, 30_000_000);
  },
  'less bonus': (network: FstpNetwork, index: number) => {
    const { bridge, port } = network.firstEnd(network.cable(index));
    bridge.fstp.setBonus(vid(0), port, 5_000_000);
  },
  'other ends': (network: FstpNetwork, index: number) => {
    const { fstp } = network.firstEnd(network.cable(index)).bridge;
    fstp.closesBothEnds = !fstp.closesBothEnds;
  },
  nothing: () => undefined,
} satisfies Record<string, (network: FstpNetwork, index: number) => void>;

const runs = Number(process.env['FSTP_RUNS'] ?? 200);
const patience = { timeout: 20_000 + 20 * runs };

const stories: fc.Arbitrary<Story> = fc.integer({ min: 1, max: 9 }).chain((count) => {
  const cable = fc.tuple(fc.nat(count - 1), fc.nat(count - 1), fc.integer({ min: 1, max: 30 }));
  const name = fc.constantFrom(...(Object.keys(befall) as (keyof typeof befall)[]));
  return fc.record({
    priorities: fc.array(fc.constantFrom(0x1000, 0x8000, 0x9000), { minLength: count, maxLength: count }),
    cables: fc.array(cable, { minLength: 1, maxLength: 20 }),
    events: fc.array(fc.tuple(name, fc.nat(19), fc.oneof(fc.nat(50), fc.nat(8000))), { maxLength: 12 }),
  });
});

test('whatever is plugged, cut and mended, everybody connected hears everybody else once in the end, and nobody himself', patience, () => {
  fc.assert(
    fc.property(stories, (story) => {
      const network = tell(story);
      network.run(30);
      network.expectTree();
    }),
    { numRuns: runs },
  );
});

/** Two ends of a wire close, and one has outdone what the other claimed: once they answered each other for ever. */
const outdone: Story = {
  priorities: [0x9000, 0x1000, 0x1000],
  cables: [
    [0, 0, 1],
    [0, 0, 1],
    [0, 0, 1],
    [0, 1, 1],
    [0, 0, 1],
    [0, 0, 1],
    [2, 0, 1],
    [1, 2, 1],
  ],
  events: [
    ['other ends', 6, 0],
    ['less bonus', 3, 0],
    ['less bonus', 6, 1],
    ['more bonus', 0, 0],
  ],
};

test('when all is quiet, nothing changes any more', patience, () => {
  fc.assert(
    fc.property(stories, (story) => {
      const network = tell(story);
      network.run(30);
      const [changes, before] = [network.changes.length, network.bpdus];
      network.run(40);
      expect(network.changes.slice(changes)).toEqual([]);
      const ends = network.bridges.flatMap((bridge) => [...bridge.ports()]).filter(({ up }) => up).length;
      // A hello, and on a wire that is led by a closed end's neighbour nothing more; where both are closed it asks and is answered.
      const each = network.bridges.some(({ fstp }) => fstp.closesBothEnds) ? 20 : 10;
      expect(network.bpdus - before).toBeLessThanOrEqual(each * ends);
    }),
    { numRuns: runs / 4, examples: [[outdone]] },
  );
});

test('a cable that carries in one direction only closes no loop', patience, () => {
  fc.assert(
    fc.property(stories, fc.nat(19), (story, index) => {
      const network = tell(story);
      const cable = network.cable(index);
      network.mend(cable);
      network.cut(cable, { oneWay: true });
      network.run(40);
      for (const from of network.bridges.keys()) for (const copies of network.probe(from)) expect(copies).toBeLessThanOrEqual(1);
    }),
    { numRuns: runs / 2 },
  );
});

test('the same story is told in the same octets', patience, () => {
  fc.assert(
    fc.property(stories, (story) => {
      const [one, other] = [tell(story, true), tell(story, true)];
      expect(one.net.fabric.trace.digest).toBe(other.net.fabric.trace.digest);
    }),
    { numRuns: runs / 10 },
  );
});

function tell({ priorities, cables, events }: Story, record = false): FstpNetwork {
  const network = new FstpNetwork(priorities, { record });
  for (const [a, b, latency] of cables) network.link(a, b, latency);
  for (const [what, index, wait] of events) {
    befall[what](network, index);
    network.advance(wait);
  }
  return network;
}
