import { Switch, type PortNumber } from '../../../src/switch/switch.ts';
import { compareBridgeIds, decodeBpdu, isForBridges } from '../../../src/wire/bpdu.ts';
import { addTag, isTagged, vid } from '../../../src/wire/dot1q.ts';
import { macFromNumber } from '../../../src/wire/mac.ts';
import { ManualClock } from '../../manual-clock.ts';
import { streamedFrames } from '../../wire/fixture.ts';
import { must, type Target, type Trial } from '../target.ts';

const ports = 5;
const vlans = [vid(0), vid(5), vid(10)];

/** Inputs that begin so are no frames. */
const change = 0xf0;

/** The most BPDUs of a port in a second, in all trees: 256 by each of them. */
const mostInASecond = 256 * vlans.length;

/** BPDUs, while ports go up and down and time passes. The first octet of an input says at which port, or what happens instead. */
export const fstpTarget: Target = {
  name: 'fstp',
  seeds: () => [
    ...['root-1', 'root-2', 'leaf-1', 'leaf-2'].flatMap((name, port) =>
      streamedFrames(`fstp/${name}.stream`).map((frame) => Uint8Array.of(port, ...frame)),
    ),
    ...streamedFrames('fstp/root-1.stream')
      .filter((frame) => !isTagged(frame))
      .slice(0, 3)
      .map((frame) => Uint8Array.of(2, ...addTag(frame, 10))),
    ...Array.from({ length: 8 }, (_, kind) => Uint8Array.of(change + kind, 1, 4)),
  ],
  words: () => [
    Uint8Array.of(0x42, 0x42, 3, 0, 0, 2, 2),
    Uint8Array.of(0x81, 0, 0, 5),
    Uint8Array.of(0, 0, 0xff, 0, 0, 0),
    new Uint8Array(8),
  ],
  open: () => new FstpTrial(),
};

class FstpTrial implements Trial {
  readonly #clock = new ManualClock();
  readonly #bridge: Switch;
  /** By ports, in this second. */
  readonly #said = new Map<PortNumber, number>();
  #second = 0;
  #taken = 0;

  constructor() {
    this.#bridge = new Switch({
      clock: this.#clock,
      mac: macFromNumber(0x00ff_0000_000c),
      transmit: (port, frame) => this.#sent(port, frame),
    });
    for (let port = 0; port < ports; port++) this.#bridge.addPort(port, { tagged: vlans.slice(1) });
    this.#bridge.fstp.enabled = true;
  }

  take(input: Uint8Array): void {
    const [first = 0, a = 0, b = 0] = input;
    if (first >= change) this.#change(first - change, a, b);
    else {
      this.#bridge.beginBreath();
      this.#bridge.receive(first % ports, input.subarray(1));
    }
    // That takes longer than the input.
    if (++this.#taken % 8 === 0) this.#check();
  }

  /** A bridge that receives nothing any more is the root of its trees, and opens all ports. */
  end(): void {
    this.#bridge.fstp.enabled = true;
    for (let seconds = 0; seconds < 60; seconds++) this.#clock.advanceSeconds(1);
    this.#check();
    for (const vlan of vlans) {
      const { rootPort, ports: members, root } = this.#bridge.fstp.state(vlan);
      must(rootPort === undefined && compareBridgeIds(root, this.#bridge.fstp.self) === 0, () => `it is the root in VLAN ${vlan}`);
      must(
        members.every(({ forwarding, neighbour }) => forwarding && !neighbour),
        () => `all ports are open in VLAN ${vlan}`,
      );
    }
  }

  #check(): void {
    for (const vlan of vlans) {
      const { root, rootPort, ports: members, rootPathCost } = this.#bridge.fstp.state(vlan);
      must(compareBridgeIds(root, this.#bridge.fstp.self) <= 0, () => 'no root is worse than the bridge itself');
      must(members.filter(({ role }) => role === 'root').length === (rootPort === undefined ? 0 : 1), () => 'there is one way to the root');
      must(
        members.every(({ role, forwarding }) => role !== 'alternate' || !forwarding),
        () => 'what is not needed is closed',
      );
      must(Number.isInteger(rootPathCost) && rootPathCost >= 0, () => `${rootPathCost} is a cost`);
    }
    must(this.#clock.timers <= 2, () => `${this.#clock.timers} timers run`);
  }

  #change(kind: number, a: number, b: number): void {
    const port = a % ports;
    const vlan = vlans[b % vlans.length] ?? vid(0);
    const { fstp } = this.#bridge;
    if (kind === 0) this.#bridge.setCarrier(port, b % 2 === 1);
    else if (kind === 1) fstp.setEdge(vlan, port, a >= 0x80);
    else if (kind === 2) fstp.setBonus(vlan, port, a * 100_000);
    else if (kind === 3) fstp.enabled = a % 4 !== 0;
    else if (kind === 4) this.#bridge.setVlans(port, { tagged: vlans.slice(1 + (b % 3)) });
    else this.#clock.advance(a * b);
  }

  #sent(port: PortNumber, frame: Uint8Array): void {
    // One that takes no part passes on what others say.
    if (!isForBridges(frame) || !this.#bridge.fstp.enabled) return;
    must(decodeBpdu(frame.subarray(isTagged(frame) ? 18 : 14)) !== undefined, () => `${Buffer.from(frame).toString('hex')} is a BPDU`);
    const second = Math.floor(this.#clock.monotonic() / 1000);
    if (second !== this.#second) this.#said.clear();
    this.#second = second;
    this.#said.set(port, (this.#said.get(port) ?? 0) + 1);
    // A port that comes and goes begins to count anew: its comings are few.
    must((this.#said.get(port) ?? 0) <= 4 * mostInASecond, () => `port ${port} says ${this.#said.get(port) ?? 0} BPDUs in a second`);
  }
}
