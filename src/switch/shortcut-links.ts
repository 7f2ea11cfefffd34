import type { Vid } from '../wire/dot1q.ts';
import { addTag } from '../wire/dot1q.ts';
import type { MacAddress } from '../wire/mac.ts';
import { encodeShortcutFrame, type Flow, type ShortcutKind } from './shortcut-frame.ts';
import type { SwitchOptions } from './switch-options.ts';
import type { BridgePort } from './switch-port.ts';

/** A shortcut ends after more beats than this without a frame, so that its flows are without frames for less than a second. */
const mostSilent = 3;

/** The most flows about which a far end is told within a second that their frames are dropped. */
const mostTold = 64;

/** The far end of a shortcut, with the frames received from it up to the last beat, and the beats without any. */
interface Peer {
  readonly number: number;
  frames: number;
  silent: number;
  /** The frames among them that were about shortcuts. */
  controls: number;
  /** The flows about which it was told within this second that their frames are dropped. */
  readonly told: Set<string>;
}

/** The open shortcuts of a switch, and the frames about shortcuts that it sends. */
export class ShortcutLinks {
  /** The number of this switch among its group. */
  self = 0;
  readonly #transmit: SwitchOptions['transmit'];
  readonly #byPeer = new Map<number, BridgePort>();
  readonly #peers = new Map<BridgePort, Peer>();

  constructor(transmit: SwitchOptions['transmit']) {
    this.#transmit = transmit;
  }

  /** Returns the shortcut to the switch with that number. */
  to(peer: number): BridgePort | undefined {
    return this.#byPeer.get(peer);
  }

  has(port: BridgePort): boolean {
    return this.#peers.has(port);
  }

  /** Returns the open shortcuts, as they are now. */
  ports(): readonly BridgePort[] {
    return [...this.#peers.keys()];
  }

  add(port: BridgePort, peer: number): void {
    this.#byPeer.set(peer, port);
    this.#peers.set(port, { number: peer, frames: port.counters.receivedFrames, silent: 0, controls: 0, told: new Set() });
  }

  /** Removes a shortcut. Returns false if it was not open. */
  remove(port: BridgePort): boolean {
    const peer = this.#peers.get(port);
    if (!peer) return false;
    this.#peers.delete(port);
    this.#byPeer.delete(peer.number);
    return true;
  }

  /** Notes that a frame came that was about shortcuts. */
  control(port: BridgePort): void {
    const peer = this.#peers.get(port);
    if (peer) peer.controls += 1;
  }

  /** Returns the number of frames of stations that a shortcut has carried, both ways. It only grows. */
  traffic(port: BridgePort): number {
    return port.counters.sentFrames + port.counters.receivedFrames - (this.#peers.get(port)?.controls ?? 0);
  }

  /** Sends a sign of life. Returns false if the far end has been silent for too long. `counts` is false if silence means nothing this time. */
  pulse(port: BridgePort, counts: boolean): boolean {
    const peer = this.#peers.get(port);
    if (!peer) return true;
    const { receivedFrames } = port.counters;
    if (receivedFrames !== peer.frames) peer.silent = 0;
    else if (counts) peer.silent += 1;
    peer.frames = receivedFrames;
    if (peer.silent > mostSilent) return false;
    this.send(port, 'alive', { vid: 0 as Vid, destination: zeroMac, source: zeroMac });
    return true;
  }

  /** Tells the far end that frames of a flow are dropped: once a second, since the frame that says so may be lost. */
  refuse(port: BridgePort, flow: Flow): void {
    const told = this.#peers.get(port)?.told;
    const name = `${flow.vid} ${flow.destination} ${flow.source}`;
    if (!told || told.has(name) || told.size >= mostTold) return;
    told.add(name);
    this.send(port, 'closed', flow);
  }

  /** Begins a new second of `refuse`. */
  beginSecond(): void {
    for (const { told } of this.#peers.values()) told.clear();
  }

  /** Sends a frame about a flow by a shortcut. The port does not count it. */
  send(port: BridgePort, kind: ShortcutKind, { vid, destination, source }: Flow, nonce = 0): void {
    this.#transmit(port.number, encodeShortcutFrame({ kind, vid, destination, source, nonce, sender: this.self }), port.number);
  }

  /** Sends a frame about a flow by the uplink, in its VLAN. */
  sendUp(uplink: BridgePort, kind: ShortcutKind, { vid, destination, source }: Flow, nonce = 0): void {
    const frame = encodeShortcutFrame({ kind, vid, destination, source, nonce, sender: this.self });
    this.#transmit(uplink.number, vid === uplink.vlans.untagged ? frame : addTag(frame, vid), uplink.number);
  }
}

/** The address of no station. */
export const zeroMac = 0 as MacAddress;
