import type { Clock } from '../../src/clock.ts';
import { shortcutType } from '../../src/switch/shortcut-frame.ts';
import { destinationOf, encodeEthernet, etherTypeOf, hasGroupDestination } from '../../src/wire/ethernet.ts';
import { broadcastMac, type MacAddress } from '../../src/wire/mac.ts';
import { readUint32, writeUint32 } from '../../src/wire/octets.ts';
import type { NetNode } from './shortcut-net.ts';

const etherType = 0x88b5;

/** The longest time for which a flow brings nothing while nothing happens. In milliseconds. */
const usualGap = 1000;

/** The frames of one station for another. */
export interface LabFlow {
  readonly number: number;
  readonly from: LabStation;
  readonly to: LabStation;
  sent: number;
  last: number;
  /** A frame that is sent must arrive before then. */
  deadline: number;
  direct: number;
}

/** A station, at a port of a node; at none while it moves. */
export class LabStation {
  readonly mac: MacAddress;
  /** The time of its last move. */
  movedAt = -Infinity;
  at: { readonly node: NetNode; readonly port: number } | undefined;

  constructor(mac: MacAddress) {
    this.mac = mac;
  }

  say(frame: Uint8Array): void {
    this.at?.node.receive(this.at.port, frame);
  }
}

/**
 * The traffic, and its checker: flows with numbered frames, and broadcasts. It finds frames that come twice or too early, flows that bring nothing, and
 * broadcasts that pass a port twice.
 */
export class LabTraffic {
  readonly faults: string[] = [];
  readonly flows: LabFlow[] = [];
  /** Returns whether a flow may bring nothing now. */
  isExcused: (flow: LabFlow) => boolean = () => false;
  /** The number of frames that arrived. */
  arrived = 0;
  readonly #clock: Clock;
  /** The ports that a broadcast has left by. */
  readonly #passed = new Map<number, Set<string>>();
  #broadcasts = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(from: LabStation, to: LabStation): void {
    this.flows.push({ number: this.flows.length, from, to, sent: 0, last: 0, deadline: 0, direct: 0 });
  }

  /** Sends the next frame of a flow. */
  send(flow: LabFlow): void {
    if (!flow.from.at) return;
    const now = this.#clock.monotonic();
    if (this.isExcused(flow)) flow.deadline = now + usualGap;
    else if (now > flow.deadline) {
      const [from, to] = [flow.from, flow.to].map(({ mac, at }) => `${mac.toString(16)} at ${at?.node.name ?? 'no switch'}`);
      this.fault(`from ${from ?? ''} to ${to ?? ''} nothing comes since frame ${flow.last} of ${flow.sent}`);
    }
    flow.sent += 1;
    flow.from.say(frameOf(flow.to.mac, flow.from.mac, flow.number, flow.sent));
  }

  broadcast(station: LabStation): void {
    this.#broadcasts += 1;
    station.say(frameOf(broadcastMac, station.mac, 0, this.#broadcasts));
  }

  /** Takes a frame that a station receives. */
  receive(station: LabStation, frame: Uint8Array): void {
    if (etherTypeOf(frame) === shortcutType) this.fault('a station received a frame about shortcuts');
    if (etherTypeOf(frame) !== etherType || destinationOf(frame) !== station.mac) return;
    const flow = this.flows[readUint32(frame, 14)];
    const number = readUint32(frame, 18);
    if (!flow) return;
    this.arrived += 1;
    if (number <= flow.last) this.fault(`flow ${flow.number}: frame ${number} came after ${flow.last}`);
    flow.last = Math.max(flow.last, number);
    flow.deadline = this.#clock.monotonic() + usualGap;
  }

  /** Looks at a frame that a switch sends. */
  watch(node: NetNode, port: number, frame: Uint8Array): void {
    if (etherTypeOf(frame) !== etherType) return;
    const isShortcut = node.bridge.port(port)?.vlans.shortcut === true;
    if (!hasGroupDestination(frame)) {
      const flow = this.flows[readUint32(frame, 14)];
      if (flow && isShortcut) flow.direct += 1;
      return;
    }
    if (isShortcut) this.fault('a shortcut carried a broadcast');
    const number = readUint32(frame, 18);
    const passed = this.#passed.get(number) ?? new Set();
    const place = `${node.name} ${port}`;
    if (passed.has(place)) this.fault(`a loop: broadcast ${number} left twice by ${place}`);
    passed.add(place);
    this.#passed.set(number, passed);
  }

  fault(text: string): void {
    if (this.faults.length < 10) this.faults.push(`${Math.round(this.#clock.monotonic())} ms: ${text}`);
  }
}

function frameOf(destination: MacAddress, source: MacAddress, flow: number, number: number): Uint8Array {
  const payload = new Uint8Array(46);
  writeUint32(payload, 0, flow);
  writeUint32(payload, 4, number);
  return encodeEthernet({ destination, source, etherType, payload });
}
