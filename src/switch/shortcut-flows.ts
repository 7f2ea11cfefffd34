import type { Clock, Timer } from '../clock.ts';
import type { Vid } from '../wire/dot1q.ts';
import { destinationOf, hasGroupDestination, hasGroupSource, sourceOf } from '../wire/ethernet.ts';
import type { MacAddress } from '../wire/mac.ts';
import { isShortcutType, type Flow } from './shortcut-frame.ts';
import { StationMap } from './station-map.ts';
import type { BridgePort } from './switch-port.ts';

/** The bounds of the sending side. Times are in milliseconds. */
export const flowBounds = {
  /** Stations for which shortcuts are known, and flows to one of them. */
  targets: 1024,
  flowsOfTarget: 256,
  /** Stations that are counted within a second. */
  talks: 1024,
  /** Frames that are held, over all flows, in octets. */
  heldOctets: 2 ** 20,
  /** A marker is answered within this time, or the flow stays at the uplink. */
  holdTime: 500,
  firstPause: 2000,
  longestPause: 60_000,
  /** A flow that was direct for so long was a success: the next pause is the first one again. */
  successTime: 10_000,
  /** Seconds after which flows without frames are forgotten, and stations without flows: longer than a pause. */
  idleSeconds: 90,
} as const;

/** A frame that waits for the answer to a marker. */
interface Held {
  readonly ingress: BridgePort;
  readonly frame: Uint8Array;
}

/** One flow to a station behind a shortcut. */
interface SentFlow extends Flow {
  /** `uplink` until the time `again`, `holding` while a marker is under way, `direct` when it takes the shortcut. */
  state: 'uplink' | 'holding' | 'direct';
  again: number;
  pause: number;
  /** The time since which it is direct. */
  since: number;
  /** Seconds without a frame. */
  quiet: number;
  nonce: number;
  held: Held[];
  timer: Timer | undefined;
}

/** A station that the owner of the switch was told to be behind a shortcut. */
interface Target {
  readonly port: BridgePort;
  /** True while the far end says that it is. */
  has: boolean;
  /** True while an answer to that is awaited. */
  asks: boolean;
  /** Seconds without a frame for it. */
  quiet: number;
  readonly flows: Map<MacAddress, SentFlow>;
}

/** The means of the sending side. */
export interface FlowDoors {
  readonly clock: Clock;
  /** The present uplink, if it is up. */
  readonly uplink: () => BridgePort | undefined;
  /** Sends a marker of the flow by the uplink. */
  readonly mark: (flow: Flow, nonce: number) => void;
  /** Announces at a shortcut that the frames of the flow follow. */
  readonly go: (port: BridgePort, flow: Flow, nonce: number) => void;
  /** Sends a frame that was held. */
  readonly forward: (ingress: BridgePort, vid: Vid, egress: BridgePort, frame: Uint8Array) => void;
  /** Called in a breath of its own. */
  readonly breath: (work: () => void) => void;
}

/**
 * The sending side of shortcuts: which flows leave the uplink for one. A flow changes only behind a marker on the uplink that the far end has
 * acknowledged; until then its frames are held. It returns to the uplink at any time, at once: the far end drops the frames that are then late.
 */
export class ShortcutFlows {
  readonly #doors: FlowDoors;
  readonly #targets = new StationMap<Target>();
  readonly #talks = new StationMap<number>();
  #heldOctets = 0;
  #nonce = 0;

  constructor(doors: FlowDoors) {
    this.#doors = doors;
  }

  /**
   * Returns where a frame from a local port goes that has no destination, or the uplink, by the database. `kept` means that it is sent later.
   * Call it once for each frame.
   */
  route(ingress: BridgePort, vid: Vid, frame: Uint8Array, found: BridgePort | undefined): BridgePort | 'kept' | undefined {
    const target = this.#targets.get(vid, destinationOf(frame));
    if (!target?.has || hasGroupSource(frame) || isShortcutType(frame)) return found;
    target.quiet = 0;
    const flow = target.flows.get(sourceOf(frame));
    if (flow) flow.quiet = 0;
    if (flow?.state === 'direct') return target.port;
    if (flow?.state === 'holding') return this.#hold(flow, ingress, frame) ? 'kept' : found;
    if (found === undefined || this.#isAgainTooSoon(target, flow)) return found;
    const begun = flow ?? newFlow(vid, frame);
    target.flows.set(begun.source, begun);
    return this.#begin(begun, ingress, frame) ? 'kept' : found;
  }

  /** Returns where such a frame would go by `route`, if it were not held. Has no side effects. */
  peek(vid: Vid, frame: Uint8Array, found: BridgePort | undefined): BridgePort | undefined {
    if (hasGroupDestination(frame) || isShortcutType(frame)) return found;
    const target = this.#targets.get(vid, destinationOf(frame));
    return target?.flows.get(sourceOf(frame))?.state === 'direct' ? target.port : found;
  }

  /** Counts a frame for a station behind the uplink. Returns the count within this second. */
  count(vid: Vid, mac: MacAddress): number {
    const count = (this.#talks.get(vid, mac) ?? 0) + 1;
    if (count > 1 || this.#talks.size < flowBounds.talks) this.#talks.set(vid, mac, count);
    return count;
  }

  /** Begins a new second of counts, and forgets what had no frames for long. */
  beginSecond(): void {
    this.#talks.clear();
    for (const [vid, mac, target] of this.#targets.entries()) {
      for (const flow of target.flows.values())
        if (++flow.quiet > flowBounds.idleSeconds && flow.state !== 'holding') target.flows.delete(flow.source);
      if (++target.quiet > flowBounds.idleSeconds && target.flows.size === 0) this.#targets.delete(vid, mac);
    }
  }

  /** The shortcut that a station is said to be behind. */
  portOf(vid: Vid, mac: MacAddress): BridgePort | undefined {
    return this.#targets.get(vid, mac)?.port;
  }

  /** Notes that a station is said to be behind a shortcut. Returns false if there are too many. */
  tell(vid: Vid, mac: MacAddress, port: BridgePort): boolean {
    const before = this.#targets.get(vid, mac);
    if (before?.port === port) return true;
    if (before) this.forget(vid, mac, before.port);
    if (mac === 0 || this.#targets.size >= flowBounds.targets) return false;
    this.#targets.set(vid, mac, { port, has: false, asks: true, quiet: 0, flows: new Map() });
    return true;
  }

  /** Notes that the far end of a shortcut has a station. */
  have(vid: Vid, mac: MacAddress, port: BridgePort): void {
    const target = this.#targets.get(vid, mac);
    if (target?.port !== port) return;
    target.has = true;
    target.asks = false;
  }

  /** Notes that a station is not behind that shortcut: its flows return to the uplink. */
  forget(vid: Vid, mac: MacAddress, port: BridgePort): void {
    const target = this.#targets.get(vid, mac);
    if (target?.port !== port) return;
    this.#targets.delete(vid, mac);
    for (const flow of target.flows.values()) this.#toUplink(flow);
  }

  /** Forgets all stations behind a shortcut that has ended. */
  end(port: BridgePort): void {
    for (const [vid, mac, target] of this.#targets.entries()) if (target.port === port) this.forget(vid, mac, port);
  }

  /** Takes the answer to a marker: the flow changes to the shortcut. */
  acknowledge({ vid, destination, source }: Flow, nonce: number, port: BridgePort): void {
    const target = this.#targets.get(vid, destination);
    const flow = target?.flows.get(source);
    if (target?.port !== port || flow?.state !== 'holding' || flow.nonce !== nonce) return;
    const held = this.#release(flow);
    flow.state = 'direct';
    flow.since = this.#doors.clock.monotonic();
    this.#doors.go(port, flow, nonce);
    for (const { ingress, frame } of held) this.#doors.forward(ingress, vid, port, frame);
  }

  /** Notes that the far end drops the frames of a flow, which came by the uplink. */
  closed({ vid, destination, source }: Flow, port: BridgePort): void {
    const target = this.#targets.get(vid, destination);
    const flow = target?.flows.get(source);
    if (target?.port === port && flow?.state === 'direct') this.#fail(flow);
  }

  /** Ends the changes that are under way, since the uplink has ended: the frames that are held are lost with it. */
  loseUplink(): void {
    for (const [, , { flows }] of this.#targets.entries())
      for (const flow of flows.values()) if (flow.state === 'holding') this.#toUplink(flow);
  }

  /** Returns the stations about which a far end has not answered, or must be asked again. It may not have been ready when it was asked. */
  unanswered(): readonly (readonly [port: BridgePort, vid: Vid, mac: MacAddress])[] {
    return this.#targets.entries().flatMap(([vid, mac, { port, asks }]) => (asks ? [[port, vid, mac] as const] : []));
  }

  /** Returns one flow of each source that takes a shortcut. */
  sources(): readonly Flow[] {
    const found = new StationMap<Flow>();
    for (const [vid, , { flows }] of this.#targets.entries())
      for (const flow of flows.values()) if (flow.state === 'direct') found.set(vid, flow.source, flow);
    return found.entries().map(([, , flow]) => flow);
  }

  /** The number of flows that take a shortcut. */
  get direct(): number {
    return this.#targets
      .entries()
      .reduce((sum, [, , { flows }]) => sum + [...flows.values()].filter((one) => one.state === 'direct').length, 0);
  }

  #isAgainTooSoon({ flows }: Target, flow: SentFlow | undefined): boolean {
    return flow ? this.#doors.clock.monotonic() < flow.again : flows.size >= flowBounds.flowsOfTarget;
  }

  #begin(flow: SentFlow, ingress: BridgePort, frame: Uint8Array): boolean {
    this.#nonce = (this.#nonce + 1) >>> 0;
    flow.nonce = this.#nonce;
    flow.state = 'holding';
    this.#doors.mark(flow, flow.nonce);
    flow.timer = this.#doors.clock.after(flowBounds.holdTime, () => this.#doors.breath(() => this.#fail(flow)));
    return this.#hold(flow, ingress, frame);
  }

  /** Keeps a copy of a frame. If there is no room, all that is held leaves by the uplink, and false is returned: the frame follows it. */
  #hold(flow: SentFlow, ingress: BridgePort, frame: Uint8Array): boolean {
    if (this.#heldOctets + frame.length > flowBounds.heldOctets) {
      this.#toUplink(flow);
      return false;
    }
    this.#heldOctets += frame.length;
    flow.held.push({ ingress, frame: frame.slice() });
    return true;
  }

  /** Returns a flow to the uplink that does not reach the far end. That may have said `gone`, which was lost: it is asked again. */
  #fail(flow: SentFlow): void {
    const target = this.#targets.get(flow.vid, flow.destination);
    if (target) target.asks = true;
    this.#toUplink(flow);
  }

  #toUplink(flow: SentFlow): void {
    const held = this.#release(flow);
    const now = this.#doors.clock.monotonic();
    if (flow.state === 'direct' && now - flow.since >= flowBounds.successTime) flow.pause = flowBounds.firstPause;
    flow.state = 'uplink';
    flow.again = now + flow.pause;
    flow.pause = Math.min(flowBounds.longestPause, flow.pause * 2);
    const uplink = this.#doors.uplink();
    if (uplink) for (const { ingress, frame } of held) this.#doors.forward(ingress, flow.vid, uplink, frame);
  }

  #release(flow: SentFlow): readonly Held[] {
    flow.timer?.[Symbol.dispose]();
    flow.timer = undefined;
    for (const { frame } of flow.held) this.#heldOctets -= frame.length;
    return flow.held.splice(0);
  }
}

function newFlow(vid: Vid, frame: Uint8Array): SentFlow {
  const { firstPause } = flowBounds;
  const addresses = { vid, destination: destinationOf(frame), source: sourceOf(frame) };
  return { ...addresses, state: 'uplink', again: 0, pause: firstPause, since: 0, quiet: 0, nonce: 0, held: [], timer: undefined };
}
