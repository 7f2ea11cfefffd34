import { Switch, type Explanation, type PortNumber } from '../../../src/switch/switch.ts';
import { vid } from '../../../src/wire/dot1q.ts';
import { decodePcap } from '../../../src/wire/pcap.ts';
import { ManualClock } from '../../manual-clock.ts';
import { testFrame } from '../../switch/test-switch.ts';
import { fixture } from '../../wire/fixture.ts';
import { must, type Target, type Trial } from '../target.ts';

const ports = 8;
const vlans = [0, 10, 20, 4093];
const mostStations = 256;

/** Inputs that begin so are no frames: they change the switch. */
const change = 0xf0;

/**
 * Frames at ports of all kinds, while these change. The first octet of an input says at which port, or that something changes: then the
 * next ones say what.
 */
export const switchTarget: Target = {
  name: 'switch',
  seeds: () => [
    ...['wire/stations.pcap', 'wire/trunk.pcap'].flatMap((path) =>
      (decodePcap(fixture(path))?.records ?? []).map(({ frame }, i) => Uint8Array.of(i % ports, ...frame)),
    ),
    Uint8Array.of(0, ...testFrame({ from: 1, to: 2 })),
    Uint8Array.of(3, ...testFrame({ from: 2, to: 1, tci: 10 })),
    Uint8Array.of(3, ...testFrame({ from: 3, to: 2, tci: 0xe000 + 20 })),
    Uint8Array.of(5, ...testFrame({ from: 4, tci: 10, etherType: 0x8100, text: '\0\x0a\x08\0' })),
    ...Array.from({ length: 7 }, (_, kind) => Uint8Array.of(change + kind, 1, 1, 1)),
  ],
  words: () => [Uint8Array.of(0x81, 0, 0, 10), Uint8Array.of(0x81, 0, 0x2f, 0xff), Uint8Array.of(0x81, 0, 0, 0), Uint8Array.of(0x08, 0x06)],
  open: () => new SwitchTrial(),
};

interface Sent {
  readonly port: PortNumber;
  readonly frame: Uint8Array;
}

class SwitchTrial implements Trial {
  readonly #clock = new ManualClock();
  readonly #bridge: Switch;
  readonly #known = new Set<string>();
  #sent: Sent[] = [];

  constructor() {
    this.#bridge = new Switch({
      clock: this.#clock,
      maxEntries: mostStations,
      transmit: (port, frame) => void this.#sent.push({ port, frame }),
      observe: (_port, _vid, frame) => must(!isTagged(frame) || isTagged(frame.subarray(4)), () => 'who watches sees no tag'),
    });
    this.#bridge.stationChanges.subscribe(({ known, vid, mac }) => {
      const key = `${vid} ${mac}`;
      must(this.#known.has(key) !== known, () => `station ${key} is told of once`);
      if (known) this.#known.add(key);
      else this.#known.delete(key);
    });
    const memberships = [{}, {}, { untagged: vid(10) }, { untagged: 'none', tagged: [vid(10), vid(20)] }, { tagged: [vid(10)] }] as const;
    for (let port = 0; port < ports; port++)
      this.#bridge.addPort(port, memberships[port] ?? { trunk: port < 7, untagged: port === 6 ? 'none' : vid(0), tagged: [vid(4093)] });
  }

  take(input: Uint8Array): void {
    const [first = 0, ...rest] = input.subarray(0, 4);
    if (first >= change) this.#change(first - change, rest);
    else this.#receive(first % ports, input.subarray(1));
    must(this.#known.size <= mostStations, () => `${this.#known.size} stations are known`);
    must(this.#clock.timers <= 1, () => `${this.#clock.timers} timers run`);
  }

  end(): void {
    this.#clock.advanceSeconds(300);
    must(this.#known.size === 0 && this.#clock.timers === 0, () => 'all stations are too old, and nothing waits');
  }

  #receive(port: PortNumber, frame: Uint8Array): void {
    const expected = explained(this.#bridge.explain(port, frame));
    const before = frame.slice();
    this.#sent = [];
    this.#bridge.beginBreath();
    this.#bridge.receive(port, frame);
    must(Buffer.compare(frame, before) === 0, () => 'nobody writes into a frame');
    const ways = this.#sent.map((sent) => sent.port);
    must(ways.join() === expected.join(), () => `it leaves by ${ways.join()}, and was to leave by ${expected.join()}`);
    must(new Set(ways).size === ways.length && !ways.includes(port), () => `it leaves once by each of ${ways.join()}, and not by ${port}`);
    for (const sent of this.#sent) this.#checkWay(port, frame, sent);
  }

  /** By the rules, with other code than the switch has. [IEEE 802.1Q, 6.9 and 8.6] */
  #checkWay(ingress: PortNumber, frame: Uint8Array, { port, frame: left }: Sent): void {
    const from = this.#bridge.port(ingress)?.vlans;
    const to = this.#bridge.port(port);
    must(from !== undefined && to?.up === true, () => `port ${port} is up`);
    if (this.#bridge.hub) {
      must(Buffer.compare(left, frame) === 0 && port !== 0, () => 'a hub changes nothing');
      return;
    }
    const tagged = isTagged(frame);
    const vlan = tagged ? vid((((frame[14] ?? 0) & 15) << 8) | (frame[15] ?? 0)) : from.untagged;
    const { untagged, tagged: carried, trunk } = to.vlans;
    const isUntagged = vlan === untagged;
    must(vlan !== 'none' && vlan !== 4095, () => 'it is in a VLAN');
    must(isUntagged || trunk || carried.has(vlan), () => `port ${port} is a member of VLAN ${vlan}`);
    must(from.untagged === vlan || from.trunk || from.tagged.has(vlan), () => `port ${ingress} is a member of VLAN ${vlan}`);
    const bare = tagged ? Buffer.concat([frame.subarray(0, 12), frame.subarray(16)]) : frame;
    const tag = tagged ? frame.subarray(12, 16) : Uint8Array.of(0x81, 0, vlan >> 8, vlan & 0xff);
    // A priority tag stays on the way to a trunk.
    const isBare = isUntagged && !(tagged && vlan === 0 && trunk);
    const shape = isBare ? bare : Buffer.concat([bare.subarray(0, 12), tag, bare.subarray(12)]);
    must(Buffer.compare(left, shape) === 0, () => `${Buffer.from(left).toString('hex')} leaves by ${port}`);
    must(left.length <= frame.length + 4, () => 'a frame grows by its tag only');
  }

  #change(kind: number, [a = 0, b = 0]: readonly number[]): void {
    const port = a % ports;
    const vlan = vid(vlans[b % vlans.length] ?? 0);
    const { vlans: registry } = this.#bridge;
    if (kind === 0) registry.setUntagged(port, b >= 0x80 ? 'none' : vlan);
    else if (kind === 1) registry.addTagged(vlan, port);
    else if (kind === 2) registry.removeTagged(vlan, port);
    else if (kind === 3) registry.setTrunk(port, b % 2 === 1);
    else if (kind === 4) this.#bridge.setCarrier(port, b % 2 === 1);
    else if (kind === 5) this.#bridge.hub = b % 4 === 1;
    else this.#clock.advance(a * b);
  }
}

function explained(explanation: Explanation | undefined): PortNumber[] {
  if (explanation?.decision === 'repeat') return [...explanation.egress];
  return explanation && 'egress' in explanation ? explanation.egress.map((way) => (typeof way === 'number' ? way : way.port)) : [];
}

function isTagged(frame: Uint8Array): boolean {
  return frame[12] === 0x81 && frame[13] === 0;
}
