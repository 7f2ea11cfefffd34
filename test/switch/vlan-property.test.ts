import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lab, type LabStation, type LabSwitch } from '../../src/lab/lab.ts';
import { addTag, isTagged, vidOf } from '../../src/wire/dot1q.ts';
import { encodeEthernet } from '../../src/wire/ethernet.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { readUint32 } from '../../src/wire/octets.ts';

const index = fc.nat(50);
const vlans = fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });

/** A switch at its parent, and the VLANs that it knows. */
const bridge = fc.record({ parent: index, vlans });

/** A station at a switch: what its port is in, of the VLANs that the switch knows. */
const station = fc.record({ at: index, untagged: fc.constantFrom<(number | 'none')[]>(0, 1, 2, 3, 4, 'none'), tagged: vlans });

/** A frame that a station sends: with any tags, between any stations. */
interface Sending {
  readonly from: number;
  readonly source: number;
  readonly destination: number | 'all';
  readonly tags: readonly number[];
  readonly priority: number;
}

const sending: fc.Arbitrary<Sending> = fc.record({
  from: index,
  source: fc.nat(5),
  destination: fc.oneof(fc.nat(5), fc.constant('all' as const)),
  tags: fc.array(fc.constantFrom(0, 1, 2, 3, 4, 5, 0xfff), { maxLength: 3 }),
  priority: fc.nat(7),
});

/** A fault of a switch or link meanwhile. */
const fault = fc.record({ kind: fc.constantFrom<('cut' | 'crash')[]>('cut', 'crash'), at: index, seconds: fc.nat(10) });

it(
  'no frame ever crosses from one VLAN into another, whatever its tags, whoever sends it, and whatever breaks',
  { timeout: 60_000 },
  async () => {
    const deed = fc.oneof({ weight: 6, arbitrary: sending }, { weight: 1, arbitrary: fault });
    const property = fc.asyncProperty(
      fc.array(bridge, { maxLength: 5 }),
      fc.array(station, { minLength: 2, maxLength: 8 }),
      fc.array(deed, { maxLength: 60, size: 'max' }),
      async (bridges, wishes, deeds) => {
        using net = lab();
        const knows = [[0, 1, 2, 3, 4], ...bridges.map((one) => [0, ...one.vlans])];
        const switches = [net.switch('s0', { vlans: [1, 2, 3, 4] })];
        bridges.forEach((one, at) => {
          const added = net.switch(`s${at + 1}`, { vlans: one.vlans });
          net.link(added, pick(switches, one.parent));
          switches.push(added);
        });
        const places = wishes.map(({ at, untagged, tagged }) => {
          const known = pick(knows, at);
          return {
            at,
            untagged: untagged === 'none' || known.includes(untagged) ? untagged : 0,
            tagged: tagged.filter((one) => known.includes(one)),
          };
        });
        /** The VLAN that each frame entered the network in, by its number; undefined when it may not enter. */
        const entered: (number | undefined)[] = [];
        const crossings: string[] = [];
        let heard = 0;
        const receive = (frame: Uint8Array, self: LabStation): void => {
          const place = pick(places, Number(self.name.slice(1)));
          const number = readUint32(frame, frame.length - 4);
          const vlan =
            isTagged(frame) && place.tagged.includes(vidOf(frame)) && vidOf(frame) !== place.untagged ? vidOf(frame) : place.untagged;
          heard++;
          if (entered[number] !== vlan) crossings.push(`frame ${number} of VLAN ${entered[number]} at ${self.name} in VLAN ${vlan}`);
        };
        const stations = places.map(({ at, ...membership }, n) => net.station(`x${n}`, pick(switches, at), { ...membership, receive }));
        for (const what of deeds) {
          if ('kind' in what) {
            const outage = what.kind === 'cut' ? pick(net.links, what.at).cut() : crash(pick(switches, what.at));
            net.fabric.timeline.after(what.seconds * 1000, () => outage?.[Symbol.dispose]());
            continue;
          }
          const { untagged, tagged } = pick(places, what.from);
          const number = entered.length;
          const [outermost] = what.tags;
          const vlan = outermost ?? untagged;
          const isMember = vlan === untagged || (outermost !== undefined && tagged.includes(outermost));
          entered.push(vlan !== 'none' && isMember ? vlan : undefined);
          pick(stations, what.from).send(frameOf(what, number));
          await net.run({ milliseconds: 300 });
        }
        await net.quiesce();
        expect(crossings).toEqual([]);
        total += heard;
      },
    );
    let total = 0;
    await fc.assert(property, { numRuns: Number(process.env['LAB_RUNS'] ?? 100) });
    // Silence would prove nothing.
    expect(total).toBeGreaterThan(20);
  },
);

function crash(victim: LabSwitch): Disposable | undefined {
  return victim.running ? victim.crash() : undefined;
}

function frameOf(
  { source, destination, tags, priority }: typeof sending extends fc.Arbitrary<infer T> ? T : never,
  number: number,
): Uint8Array {
  const payload = new Uint8Array(46);
  new DataView(payload.buffer).setUint32(42, number);
  const untagged = encodeEthernet({
    destination: destination === 'all' ? broadcastMac : macFromNumber(0x0200_0000_0100 + destination),
    source: macFromNumber(0x0200_0000_0100 + source),
    etherType: 0x88b5,
    payload,
  });
  return tags.reduceRight((frame, vlan) => addTag(frame, (priority << 13) | vlan), untagged);
}

function pick<T>(list: readonly T[], at: number): T {
  const found = list[at % list.length];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}
