import { expect } from 'vitest';
import { Switch, type FstpChange, type FstpState, type NewPort, type PortNumber } from '../../src/switch/switch.ts';
import { isForBridges } from '../../src/wire/bpdu.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';
import { testFrame } from './test-switch.ts';

/** How a cable is cut: whether its ends notice; and whether only what comes from one of them is lost. */
export interface Cut {
  readonly noticed?: boolean;
  readonly from?: End;
}

interface Cable {
  readonly ends: readonly [End, End];
  /** In milliseconds. */
  readonly latency: number;
  cut: Cut | undefined;
}

interface End {
  readonly bridge: number;
  readonly port: PortNumber;
}

interface Delivery {
  readonly to: End;
  readonly cable: Cable | undefined;
  readonly frame: Uint8Array;
}

/** More frames in flight than any that is no storm. */
const storm = 5_000;

/** The port of every switch where its host is. */
export const hostPort: PortNumber = 1;

/** Switches with spanning trees, a host at each, and cables between them, in virtual time. Frames on a cable stay in order. */
export class FstpNetwork {
  readonly clock = new ManualClock();
  readonly bridges: Switch[] = [];
  readonly cables: Cable[] = [];
  /** Everything that happened, for comparing runs. */
  readonly log: string[] = [];
  logging = false;
  readonly changes: (FstpChange & { readonly bridge: number })[] = [];
  /** How many BPDUs were sent, and frames of hosts. */
  bpdus = 0;
  frames = 0;
  readonly #ends = new Map<string, Cable>();
  readonly #flying = new Map<number, Delivery[]>();
  readonly #lastPorts: PortNumber[] = [];
  #inFlight = 0;
  #heard: number[] = [];
  readonly #options: NewPort;

  /** `ports` is what ports of cables are added with. */
  constructor(priorities: readonly number[], { ports = {}, fstp = true }: { readonly ports?: NewPort; readonly fstp?: boolean } = {}) {
    this.#options = ports;
    priorities.forEach((priority, bridge) => {
      const added = new Switch({
        clock: this.clock,
        mac: macFromNumber(0x00ff_0000_0000 + bridge + 1),
        priority,
        treeChanged: (change) => void this.changes.push({ bridge, ...change }),
        transmit: (port, frame) => this.#transmit({ bridge, port }, frame),
      });
      this.bridges.push(added);
      added.addPort(hostPort, { tagged: ports.tagged ?? [] });
      if (fstp) added.fstp.enabled = true;
    });
  }

  /** Plugs a cable in between two switches; its ends get the next ports. */
  link(a: number, b: number, latency = 1): Cable {
    const ends = [this.#newPort(a), this.#newPort(b)] as const;
    const cable: Cable = { ends, latency, cut: undefined };
    for (const end of ends) {
      this.#ends.set(nameOf(end), cable);
      this.at(end.bridge).addPort(end.port, { ...this.#options, up: false });
    }
    this.cables.push(cable);
    for (const end of ends) this.at(end.bridge).setCarrier(end.port, true);
    return cable;
  }

  cut(cable: Cable, how: Cut = { noticed: true }): void {
    cable.cut = how;
    if (how.noticed) for (const end of cable.ends) this.at(end.bridge).setCarrier(end.port, false);
  }

  mend(cable: Cable): void {
    cable.cut = undefined;
    for (const end of cable.ends) this.at(end.bridge).setCarrier(end.port, true);
  }

  /** Cuts all cables of a switch. */
  isolate(bridge: number, how: Cut = { noticed: true }): void {
    for (const cable of this.cablesOf(bridge)) this.cut(cable, how);
  }

  cablesOf(bridge: number): Cable[] {
    return this.cables.filter(({ ends }) => ends.some((end) => end.bridge === bridge));
  }

  /** The cable at that place, counted round. */
  cable(index: number): Cable {
    const cable = this.cables[index % this.cables.length];
    if (!cable) throw new Error('no cables');
    return cable;
  }

  /** Every host hears every other one once, if cables lead there, and nobody hears himself. */
  expectTree(): void {
    for (const from of this.bridges.keys()) {
      const reachable = this.reachable(from);
      expect(this.probe(from)).toEqual(this.bridges.map((_, to) => Number(to !== from && reachable.has(to))));
    }
  }

  at(bridge: number): Switch {
    const there = this.bridges[bridge];
    if (!there) throw new Error(`no switch ${bridge}`);
    return there;
  }

  state(bridge: number, vlan = 0): FstpState {
    return this.at(bridge).fstp.state(vid(vlan));
  }

  /** The switch that each takes for the root, by its number. */
  roots(): number[] {
    return this.bridges.map((_, bridge) => this.state(bridge).root.mac - 0x00ff_0000_0000 - 1);
  }

  /** The ends of cables that are closed, as `switch.port`. */
  closed(vlan = 0): string[] {
    return this.bridges.flatMap((_, bridge) =>
      this.state(bridge, vlan)
        .ports.filter((port) => !port.forwarding)
        .map(({ number }) => `${bridge}.${number}`),
    );
  }

  run(seconds: number): void {
    this.clock.advanceSeconds(seconds);
  }

  /** How many copies of a broadcast of the host at a switch each host hears. */
  probe(from: number, vlan = 0): number[] {
    this.#heard = this.bridges.map(() => 0);
    const frame = vlan === 0 ? testFrame({ from: from + 1 }) : testFrame({ from: from + 1, tci: vlan });
    this.#enter({ bridge: from, port: hostPort }, frame);
    this.clock.advance(500);
    return this.#heard;
  }

  /** Each switch by the switches that cables join it to, itself included: what `probe` should find. */
  reachable(from: number): Set<number> {
    const found = new Set([from]);
    for (const one of found) for (const { ends, cut } of this.cablesOf(one)) if (!cut) for (const end of ends) found.add(end.bridge);
    return found;
  }

  /** Lets the host at a switch say something. */
  say(bridge: number, frame: Uint8Array): void {
    this.#enter({ bridge, port: hostPort }, frame);
  }

  #newPort(bridge: number): { bridge: number; port: PortNumber } {
    const port = (this.#lastPorts[bridge] ?? hostPort) + 1;
    this.#lastPorts[bridge] = port;
    return { bridge, port };
  }

  #transmit(from: End, frame: Uint8Array): void {
    if (isForBridges(frame)) this.bpdus += 1;
    else this.frames += 1;
    if (this.logging) this.log.push(`${this.clock.monotonic()} ${nameOf(from)} ${frame.join()}`);
    if (from.port === hostPort) {
      if (!isForBridges(frame)) this.#heard[from.bridge] = (this.#heard[from.bridge] ?? 0) + 1;
      return;
    }
    const cable = this.#ends.get(nameOf(from));
    const to = cable?.ends.find((end) => nameOf(end) !== nameOf(from));
    if (!cable || !to || this.#isLost(cable, from)) return;
    this.#fly({ to, cable, frame: frame.slice() }, cable.latency);
  }

  #isLost(cable: Cable, from: End): boolean {
    return cable.cut !== undefined && (cable.cut.from === undefined || nameOf(cable.cut.from) === nameOf(from));
  }

  #fly(delivery: Delivery, latency: number): void {
    this.#inFlight += 1;
    if (this.#inFlight > storm) throw new Error('a storm');
    const due = this.clock.monotonic() + latency;
    const together = this.#flying.get(due);
    if (together) {
      together.push(delivery);
      return;
    }
    this.#flying.set(due, [delivery]);
    this.clock.after(latency, () => {
      const landing = this.#flying.get(due) ?? [];
      this.#flying.delete(due);
      this.#inFlight -= landing.length;
      for (const { to, cable, frame } of landing) if (cable?.cut === undefined || cable.cut.from !== undefined) this.#enter(to, frame);
    });
  }

  #enter(to: End, frame: Uint8Array): void {
    const bridge = this.at(to.bridge);
    bridge.beginBreath();
    bridge.receive(to.port, frame);
    frame.fill(0xa5);
  }
}

function nameOf({ bridge, port }: End): string {
  return `${bridge}.${port}`;
}
