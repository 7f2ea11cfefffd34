import { expect } from 'vitest';
import { lab, type LabStation, type LabSwitch, type Link, type Network } from '../../src/lab/lab.ts';
import type { FstpChange, FstpState, PortNumber, Switch } from '../../src/switch/switch.ts';
import { isForBridges } from '../../src/wire/bpdu.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { testFrame } from './test-switch.ts';

/** How a cable is cut: whether its ends notice; and whether only what comes from its first one is lost. */
export interface Cut {
  readonly noticed?: boolean;
  readonly oneWay?: boolean;
}

/** How the switches and their ports are. */
export interface FstpNetworkOptions {
  /** The VLANs that all ports are in with a tag. */
  readonly tagged?: readonly number[];
  /** Sums the run up. */
  readonly record?: boolean;
}

/** More frames in flight than any that is no storm. */
const calm = 5_000;
/** All that is sent in the longest of the tests. */
const history = 200_000;

/** The port of every switch where its host is. */
export const hostPort: PortNumber = 1;

/** Switches with spanning trees, a host at each, and cables between them. */
export class FstpNetwork {
  readonly net: Network;
  readonly cables: Link[] = [];
  readonly #switches: readonly LabSwitch[];
  readonly #hosts: readonly LabStation[];
  readonly #tagged: readonly number[];
  /** How many frames each host has heard. */
  #heard: number[];
  readonly #cuts = new Map<Link, Disposable>();

  constructor(priorities: readonly number[], { tagged = [], record = false }: FstpNetworkOptions = {}) {
    this.net = lab({ calm, history, record, poison: true });
    this.#tagged = tagged;
    this.#switches = priorities.map((priority, n) => this.net.switch(`s${n}`, { priority, fstp: true, vlans: tagged }));
    this.#heard = priorities.map(() => 0);
    this.#hosts = this.#switches.map((at, n) => {
      const receive = (frame: Uint8Array): void => {
        if (!isForBridges(frame)) this.#heard[n] = (this.#heard[n] ?? 0) + 1;
      };
      return this.net.station(`h${n}`, at, { tagged, latency: 0, receive });
    });
  }

  /** The switches as they are. */
  get bridges(): readonly Switch[] {
    return this.#switches.map((one) => one.switch);
  }

  /** The changes of all trees, in the order of the switches. */
  get changes(): readonly (FstpChange & { readonly time: number })[] {
    return this.#switches.flatMap(({ treeChanges }) => treeChanges);
  }

  /** How many BPDUs were sent, and frames of hosts. */
  get bpdus(): number {
    return this.net.fabric.trace.total - this.frames;
  }

  get frames(): number {
    let frames = 0;
    for (const { frame } of this.net.fabric.trace.hops()) if (!isForBridges(frame)) frames++;
    return frames;
  }

  /** Plugs a cable in between two switches; its ends get the next ports. */
  link(a: number, b: number, latency = 1): Link {
    const cable = this.net.link(this.#at(a), this.#at(b), { latency, tagged: this.#tagged });
    this.cables.push(cable);
    return cable;
  }

  cut(cable: Link, { noticed = false, oneWay = false }: Cut = { noticed: true }): void {
    const [{ owner }] = cable.ends;
    this.#cuts.set(cable, noticed ? cable.cut() : cable.silence(oneWay ? { from: owner } : {}));
  }

  isCut(cable: Link): boolean {
    return this.#cuts.has(cable);
  }

  mend(cable: Link): void {
    this.#cuts.get(cable)?.[Symbol.dispose]();
    this.#cuts.delete(cable);
  }

  /** Cuts all cables of a switch. */
  isolate(bridge: number, how: Cut = { noticed: true }): void {
    for (const cable of this.#cablesOf(bridge)) this.cut(cable, how);
  }

  /** Returns the cable at that place, counted round. */
  cable(index: number): Link {
    const cable = this.cables[index % this.cables.length];
    if (!cable) throw new Error('no cables');
    return cable;
  }

  /** Returns the switch at the first end of a cable, and its port there. */
  firstEnd(cable: Link): { readonly bridge: Switch; readonly port: PortNumber } {
    const [{ owner, port }] = cable.ends;
    const found = this.#switches.find((one) => one === owner);
    if (!found) throw new Error('no switch is there');
    return { bridge: found.switch, port };
  }

  /** Checks that every host receives every other one once, if cables lead there, and never itself. */
  expectTree(): void {
    for (const from of this.bridges.keys()) {
      const reachable = this.#reachable(from);
      expect(this.probe(from)).toEqual(this.bridges.map((_, to) => Number(to !== from && reachable.has(to))));
    }
  }

  at(bridge: number): Switch {
    return this.#at(bridge).switch;
  }

  state(bridge: number, vlan = 0): FstpState {
    return this.at(bridge).fstp.state(vid(vlan));
  }

  /** Returns the switch that each takes for the root, by its number. */
  roots(): number[] {
    return this.bridges.map((_, bridge) => this.#switches.findIndex(({ mac }) => mac === this.state(bridge).root.mac));
  }

  /** Returns the ends of cables that are closed, as `switch.port`. */
  closed(vlan = 0): string[] {
    return this.bridges.flatMap((_, bridge) =>
      this.state(bridge, vlan)
        .ports.filter((port) => !port.forwarding)
        .map(({ number }) => `${bridge}.${number}`),
    );
  }

  run(seconds: number): void {
    this.advance(seconds * 1000);
  }

  /** Lets so many milliseconds pass. */
  advance(milliseconds: number): void {
    this.net.fabric.timeline.advance(this.net.now + milliseconds);
  }

  /** Returns how many copies of a broadcast of the host at a switch each host hears. */
  probe(from: number, vlan = 0): number[] {
    this.#heard = this.#heard.map(() => 0);
    this.say(from, vlan === 0 ? testFrame({ from: from + 1 }) : testFrame({ from: from + 1, tci: vlan }));
    this.advance(500);
    return this.#heard;
  }

  /** Lets the host at a switch say something. */
  say(bridge: number, frame: Uint8Array): void {
    this.#hosts[bridge]?.send(frame);
  }

  /** Returns each switch by the switches that cables join it to, itself included: what `probe` should find. */
  #reachable(from: number): Set<number> {
    const found = new Set([from]);
    for (const one of found) {
      for (const cable of this.#cablesOf(one)) {
        if (this.isCut(cable)) continue;
        for (const { owner } of cable.ends) found.add(this.#switches.findIndex((other) => other === owner));
      }
    }
    return found;
  }

  #cablesOf(bridge: number): Link[] {
    return this.cables.filter(({ ends }) => ends.some(({ owner }) => owner === this.#at(bridge)));
  }

  #at(bridge: number): LabSwitch {
    const there = this.#switches[bridge];
    if (!there) throw new Error(`no switch ${bridge}`);
    return there;
  }
}
