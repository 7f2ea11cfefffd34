import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PortNumber, SwitchOptions, VlanMembership } from '../../src/switch/switch.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { formatHex } from '../../src/wire/octets.ts';
import { testFrame, TestSwitch, type TestFrame } from './test-switch.ts';

/** A frame, or a change, at a port. */
type Step =
  | ({ readonly kind: 'frame'; readonly port: PortNumber; readonly length: number } & TestFrame)
  | { readonly kind: 'carrier' | 'quiet' | 'sticky'; readonly port: PortNumber; readonly on: boolean }
  | { readonly kind: 'vlans'; readonly port: PortNumber; readonly membership: VlanMembership }
  | { readonly kind: 'hub'; readonly on: boolean }
  | { readonly kind: 'flush' | 'replace'; readonly port: PortNumber };

const port = fc.integer({ min: 1, max: 3 });
const station = fc.integer({ min: 1, max: 3 });
const frame: fc.Arbitrary<Step> = fc.record(
  {
    kind: fc.constant('frame'),
    port,
    from: station,
    to: fc.oneof({ weight: 6, arbitrary: station }, fc.constantFrom('all', 'group')),
    etherType: fc.constantFrom(0x88b5, 0x0800, 0x0806, 0),
    tci: fc.constantFrom(0, 1),
    length: fc.constantFrom(60, 60, 60, 12),
  },
  { requiredKeys: ['kind', 'port', 'from', 'to', 'etherType', 'length'] },
);
const memberships: readonly VlanMembership[] = [
  {},
  { trunk: true },
  { untagged: vid(1) },
  { untagged: vid(1), tagged: [vid(0)] },
  { untagged: 'none', tagged: [vid(0)] },
];
const change: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('carrier', 'quiet', 'sticky'), port, on: fc.boolean() }),
  fc.record({ kind: fc.constant('vlans'), port, membership: fc.constantFrom(...memberships) }),
  fc.record({ kind: fc.constant('hub'), on: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('flush', 'replace'), port }),
);

/** Added to a station's number, it makes a group's address: never a valid source. */
const group = 2 ** 40;

const tags: readonly { tci?: number }[] = [{}, {}, {}, { tci: 1 }];

/** Two stations talk, each at the port of its number, before and after something else happens; the first of them speaks with some variation. */
const episode = fc
  .record({
    from: station,
    to: station,
    between: fc.array(fc.oneof(frame, change), { maxLength: 2 }),
    last: frame,
    varied: fc.nat(5),
    by: fc.constantFrom(0, 0, 0, group),
    tag: fc.constantFrom(...tags),
  })
  .map(({ from, to, between, last, varied, by, tag }): Step[] => {
    const said = { kind: 'frame', port: from, from: by + from, to, length: 60, etherType: varied === 1 ? 0 : 0x88b5, ...tag } as const;
    const variations: Partial<TestFrame & { length: number }>[] = [
      {},
      { length: 12 },
      { etherType: 0x0800 },
      { from: 3 },
      { to: 3 },
      { tci: 0 },
    ];
    return [{ ...said, port: to, from: to, to: from }, said, said, ...between, { ...said, ...variations[varied] }, said, last];
  });
const steps = fc.array(episode, { maxLength: 12, size: 'max' }).map((episodes) => episodes.flat());

/** A switch, and all that it does. */
class Watched {
  readonly said: string[] = [];
  readonly rig: TestSwitch;

  constructor(options: Partial<SwitchOptions>) {
    this.rig = new TestSwitch(
      { 1: {}, 2: {}, 3: {} },
      {
        ...options,
        moved: (...move) => this.said.push(`moved ${move.join(' ')}`),
        observe: (ingress, vlan, seen) => this.said.push(`observed ${ingress} ${vlan} ${formatHex(seen)}`),
      },
    );
    this.rig.bridge.stationChanges.subscribe(({ known, mac, port: at }) => this.said.push(`${known ? 'known' : 'forgotten'} ${mac} ${at}`));
  }

  do(step: Step, began: () => void): void {
    const { bridge } = this.rig;
    if (step.kind === 'carrier') bridge.setCarrier(step.port, step.on);
    else if (step.kind === 'quiet') bridge.setQuiet(step.port, step.on);
    else if (step.kind === 'sticky') Object.assign(bridge.port(step.port) ?? {}, { sticky: step.on });
    else if (step.kind === 'vlans') bridge.setVlans(step.port, step.membership);
    else if (step.kind === 'hub') bridge.hub = step.on;
    else if (step.kind === 'flush') bridge.flush();
    else if (step.kind === 'frame') this.#receive(step, began);
    else {
      bridge.removePort(step.port);
      bridge.addPort(step.port);
    }
  }

  #receive({ port: ingress, length, ...said }: Extract<Step, { kind: 'frame' }>, began: () => void): void {
    const octets = testFrame({ ...said, text: ' '.repeat(60) }).subarray(0, length);
    began();
    this.rig.bridge.receive(ingress, octets);
    for (const { port: egress, frame: sent } of this.rig.sent.splice(0)) this.said.push(`${formatHex(sent)} by ${egress}`);
  }

  get counters(): unknown[] {
    return [...this.rig.bridge.ports()].map(({ number, counters }) => ({ number, ...counters }));
  }
}

it('are the same for frames of one breath as for each in a breath of its own', () => {
  fc.assert(
    fc.property(steps, fc.constantFrom(0, 3000), fc.constantFrom(2, 100), (all, minPersistence, maxEntries) => {
      const [one, each] = [new Watched({ minPersistence, maxEntries }), new Watched({ minPersistence, maxEntries })];
      for (const step of all) {
        one.do(step, () => undefined);
        each.do(step, () => each.rig.bridge.beginBreath());
      }
      expect(one.said).toEqual(each.said);
      expect(one.counters).toEqual(each.counters);
    }),
    { numRuns: 1000 },
  );
});
