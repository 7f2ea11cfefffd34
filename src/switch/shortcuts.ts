import type { Clock, Timer } from '../clock.ts';
import { assert } from '../errors.ts';
import { Feed } from '../feed.ts';
import type { Fdb } from '../stations/fdb.ts';
import { isTagged, minTaggedFrame, type Vid } from '../wire/dot1q.ts';
import { destinationOf, hasGroupDestination, minFrame, sourceOf } from '../wire/ethernet.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { EgressStage } from './egress-stage.ts';
import { senderRules } from './sender-policy.ts';
import type { SenderRules } from './sender-rules.ts';
import { ShortcutFlows } from './shortcut-flows.ts';
import { decodeAtShortcut, decodeAtUplink, vidAtShortcut, type Flow, type ShortcutFrame, type ShortcutKind } from './shortcut-frame.ts';
import { ShortcutGates } from './shortcut-gates.ts';
import { ShortcutLinks, zeroMac } from './shortcut-links.ts';
import type { SwitchOptions } from './switch-options.ts';
import type { BridgePort, DropReason, PortNumber } from './switch-port.ts';
import type { Talk } from './talk.ts';
import { reservedVid } from './vlan.ts';
import type { Ways } from './ways.ts';

/** The parts of a switch that shortcuts use. */
export interface ShortcutParts {
  readonly fdb: Fdb<BridgePort>;
  readonly senders: SenderRules;
  readonly ways: Ways;
  readonly port: (number: PortNumber) => BridgePort;
  readonly egress: EgressStage;
}

/** The interval of signs of life, in milliseconds. */
const beat = 150;

/** The number of beats in which the counts of talks are made, and the stations are looked at: about a second. */
const beatsOfSecond = 7;

/** The latest time of a beat after the one before it at which silence counts: a late process has not read what arrived. In milliseconds. */
const mostLate = beat * 1.25;

/** A silent station is not vouched for, since it may have moved. In milliseconds. */
const freshness = 3000;

/** The number of beats after which the sources of direct flows are shown to the uplink, whose databases would forget them: about 30 s. */
const refreshAfter = 28 * beatsOfSecond;

/** The number of frames within a second, of different breaths or flows, that are a talk. */
const talkRate = 4;

/**
 * Shortcuts: ports that carry the unicast of agreed flows past the uplink, from local ports here to local ports of one other switch. A frame
 * from a shortcut leaves by a local port or not at all, and is not flooded: so shortcuts make no loops, and need no spanning tree. The
 * database knows the stations behind them at the uplink, where all other frames of these stations come from, and to which all flows can return at once.
 */
export class Shortcuts implements Disposable {
  /** A station behind the uplink that is talked to, and for which no shortcut is known: at most once a second. */
  readonly talks = new Feed<Talk>();
  /** A shortcut that was silent, and has ended in this switch: close its connection. */
  readonly lost = new Feed<PortNumber>();
  /** The port to the rest of the network. Undefined while there are no shortcuts, and for most switches always. */
  uplink: BridgePort | undefined;
  readonly #clock: Clock;
  readonly #breath: (work: () => void) => void;
  readonly #parts: ShortcutParts;
  readonly #flows: ShortcutFlows;
  readonly #gates = new ShortcutGates();
  readonly #links: ShortcutLinks;
  #timer: Timer | undefined;
  #beats = 0;
  #lastBeat = 0;

  constructor(options: Pick<SwitchOptions, 'clock' | 'transmit' | 'breath'>, parts: ShortcutParts) {
    this.#clock = options.clock;
    this.#breath = options.breath ?? ((work) => work());
    this.#parts = parts;
    this.#links = new ShortcutLinks(options.transmit);
    this.#flows = new ShortcutFlows({
      clock: options.clock,
      uplink: () => this.home,
      mark: (flow, nonce) => this.#sendUp('marker', flow, nonce),
      go: (port, flow, nonce) => this.#links.send(port, 'go', flow, nonce),
      forward: (ingress, vid, egress, frame) =>
        parts.egress.leave(ingress, vid, frame, parts.ways.of(ingress, vid, egress, frame), undefined),
      breath: this.#breath,
    });
  }

  /** Begins: `self` is the number of this switch among its group, `uplink` its way to the others. May be called again with other values. */
  begin(self: number, uplink: PortNumber): void {
    this.#flows.loseUplink();
    this.#links.self = self;
    this.uplink = this.#parts.port(uplink);
    this.#parts.ways.forgetLast();
    if (this.#timer) return;
    this.#lastBeat = this.#clock.monotonic();
    this.#timer = this.#clock.after(beat, this.#beat);
  }

  /** Opens a port, added with `shortcut`, to the switch with that number. One to the same switch ends. The port must be guarded. */
  open(number: PortNumber, peer: number): void {
    const port = this.#parts.port(number);
    assert(port.vlans.shortcut && port.guarded, `port ${number} is a guarded shortcut`);
    const before = this.#links.to(peer);
    if (before) this.end(before);
    this.#links.add(port, peer);
  }

  /** Ends a shortcut, or the uplink: called when a port goes down. Flows return to the uplink. */
  end(port: BridgePort): void {
    if (port === this.uplink) this.#breath(() => this.#flows.loseUplink());
    if (!this.#links.remove(port)) return;
    this.#gates.end(port);
    this.#parts.ways.forgetLast();
    this.#breath(() => this.#flows.end(port));
  }

  /** Notes that a station is said to be behind the switch with that number. Flows to it take the shortcut once the far end confirms that. */
  tell({ vid, mac }: Talk, peer: number): void {
    const port = this.#links.to(peer);
    if (!port || !this.#flows.tell(vid, mac, port)) return;
    this.#breath(() => this.#links.send(port, 'ask', { vid, destination: mac, source: zeroMac }));
  }

  /** Returns the number of frames of stations that a shortcut has carried, both ways. */
  traffic(number: PortNumber): number {
    return this.#links.traffic(this.#parts.port(number));
  }

  /** The port at which the stations behind shortcuts are remembered: the uplink, if that is up. */
  get home(): BridgePort | undefined {
    return this.uplink?.up === true ? this.uplink : undefined;
  }

  /** The number of flows that leave by shortcuts. */
  get direct(): number {
    return this.#flows.direct;
  }

  /**
   * Returns where a frame goes that did not come by a shortcut: to `found`, which is its destination by the database, or by a shortcut. `kept` means
   * that it goes nowhere now: it is one about shortcuts, or sent later.
   */
  route(ingress: BridgePort, vid: Vid, frame: Uint8Array, found: BridgePort | undefined): BridgePort | 'kept' | undefined {
    if (hasGroupDestination(frame)) return found;
    if (ingress === this.uplink) return this.#takes(vid, frame) ? 'kept' : found;
    if (found !== undefined && found !== this.uplink) return found;
    if (found !== undefined) this.#count(vid, frame);
    return this.#flows.route(ingress, vid, frame, found);
  }

  /** Returns where such a frame goes; `kept` only for one about shortcuts. Has no side effects. */
  peek(ingress: BridgePort, vid: Vid, frame: Uint8Array, found: BridgePort | undefined): BridgePort | 'kept' | undefined {
    if (hasGroupDestination(frame) || ingress.vlans.shortcut) return found;
    if (ingress === this.uplink) return decodeAtUplink(frame, vid) ? 'kept' : found;
    return found !== undefined && found !== this.uplink ? found : this.#flows.peek(vid, frame, found);
  }

  /** Takes a frame from the uplink. Returns true if it is one about shortcuts, which goes nowhere. Else it ends the agreement about its flow. */
  #takes(vid: Vid, frame: Uint8Array): boolean {
    const decoded = decodeAtUplink(frame, vid);
    if (decoded?.kind === 'refresh') return true;
    this.#close({ vid, destination: destinationOf(frame), source: sourceOf(frame) }, decoded && this.#links.to(decoded.sender));
    if (decoded) this.#answer(decoded);
    return decoded !== undefined;
  }

  /** Returns the VLAN of a frame from a shortcut if it may go to the local port of its destination, or why not. Undefined for one about shortcuts. */
  enter(ingress: BridgePort, frame: Uint8Array): Vid | DropReason | undefined {
    const verdict = this.judge(ingress, frame);
    if (verdict === undefined) {
      const decoded = decodeAtShortcut(frame);
      if (decoded) this.#take(ingress, decoded);
    } else if (typeof verdict === 'number') this.#gates.use(verdict, frame);
    else if (verdict === 'not-agreed' || isRule(verdict)) this.#refuse(ingress, frame);
    return verdict;
  }

  /** Returns the same. Has no side effects. */
  judge(ingress: BridgePort, frame: Uint8Array): Vid | DropReason | undefined {
    if (frame.length < minFrame || (isTagged(frame) && frame.length < minTaggedFrame)) return 'runt';
    if (ingress.refusal !== undefined) return ingress.refusal;
    if (!this.#links.has(ingress)) return 'port-down';
    if (decodeAtShortcut(frame)) return undefined;
    const vid = vidAtShortcut(frame);
    if (vid === reservedVid) return 'reserved-vid';
    const refusal = this.#parts.senders.refusal(ingress, vid, frame);
    if (refusal) return refusal;
    if (hasGroupDestination(frame)) return 'group-at-shortcut';
    return this.#gates.admits(vid, frame, ingress) && this.#isLocal(vid, this.#parts.fdb.lookup(vid, frame, 0)) ? vid : 'not-agreed';
  }

  /** Ends the looks at stations, and all shortcuts. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const port of this.#links.ports()) this.end(port);
  }

  #count(vid: Vid, frame: Uint8Array): void {
    const mac = destinationOf(frame);
    if (this.#flows.count(vid, mac) === talkRate && !this.#flows.portOf(vid, mac)) this.talks.emit({ vid, mac });
  }

  /**
   * A frame of the flow came by the uplink: later ones on the shortcut are older. Its source may have moved, too. `by` is the shortcut to which a
   * marker asks to change; it need not be told.
   */
  #close({ vid, destination, source }: Flow, by: BridgePort | undefined): void {
    const port = this.#gates.close(vid, destination, source);
    if (!port || port === by) return;
    this.#links.send(port, 'closed', { vid, destination, source });
    this.#flows.forget(vid, source, port);
  }

  #answer(marker: ShortcutFrame): void {
    const port = this.#links.to(marker.sender);
    if (!port || !this.#isHere(marker.vid, marker.destination)) return;
    if (this.#gates.prepare(marker, marker.nonce, port, this.#clock.monotonic())) this.#links.send(port, 'ack', marker, marker.nonce);
  }

  #take(port: BridgePort, frame: ShortcutFrame): void {
    this.#links.control(port);
    const { kind, vid, destination, nonce } = frame;
    this.#parts.ways.forgetLast();
    if (kind === 'ask') this.#tellHere(port, frame);
    else if (kind === 'have') this.#flows.have(vid, destination, port);
    else if (kind === 'gone') this.#flows.forget(vid, destination, port);
    else if (kind === 'ack') this.#flows.acknowledge(frame, nonce, port);
    else if (kind === 'go') this.#gates.open(frame, nonce, port);
    else if (kind === 'closed') this.#flows.closed(frame, port);
  }

  #tellHere(port: BridgePort, flow: Flow): void {
    const isHere = this.#isHere(flow.vid, flow.destination) && this.#gates.watch(flow.vid, flow.destination, port);
    this.#links.send(port, isHere ? 'have' : 'gone', flow);
  }

  /**
   * Tells the far end that it sends in vain: once for a station, and once a second for a flow. Those with frames that break a rule return to the uplink,
   * too, where the master judges them: it knows best.
   */
  #refuse(port: BridgePort, frame: Uint8Array): void {
    const flow = { vid: vidAtShortcut(frame), destination: destinationOf(frame), source: sourceOf(frame) };
    if (!this.#isLocal(flow.vid, this.#parts.fdb.lookup(flow.vid, frame, 0)) && this.#gates.unwatch(flow.vid, flow.destination, port))
      this.#links.send(port, 'gone', flow);
    else if (!this.#gates.isPrepared(flow, port, this.#clock.monotonic())) this.#links.refuse(port, flow);
  }

  /** Returns whether a port leads to stations of this switch's own. */
  #isLocal(vid: Vid, port: BridgePort | undefined): boolean {
    return port !== undefined && port !== this.uplink && !port.vlans.shortcut && !port.isBlocked(vid);
  }

  /** Returns whether a station is behind a local port, and was heard a moment ago. */
  #isHere(vid: Vid, mac: MacAddress): boolean {
    const found = this.#parts.fdb.find(vid, mac);
    return found !== undefined && found.age < freshness && this.#isLocal(vid, found.port);
  }

  #sendUp(kind: ShortcutKind, flow: Flow, nonce?: number): void {
    if (this.home) this.#links.sendUp(this.home, kind, flow, nonce);
  }

  readonly #beat = (): void => {
    const now = this.#clock.monotonic();
    const isLate = now - this.#lastBeat > mostLate;
    this.#lastBeat = now;
    this.#timer = this.#clock.after(beat, this.#beat);
    this.#beats += 1;
    this.#breath(() => {
      for (const port of this.#links.ports()) {
        if (this.#links.pulse(port, !isLate)) continue;
        this.end(port);
        this.lost.emit(port.number);
      }
      if (this.#beats % beatsOfSecond === 0) this.#lookAround();
    });
  };

  #lookAround(): void {
    this.#links.beginSecond();
    this.#gates.age(this.#clock.monotonic());
    this.#flows.beginSecond();
    this.#parts.ways.forgetLast();
    for (const [port, vid, mac] of this.#gates.watched())
      if (!this.#isHere(vid, mac) && this.#gates.unwatch(vid, mac, port))
        this.#links.send(port, 'gone', { vid, destination: mac, source: zeroMac });
    for (const [port, vid, mac] of this.#flows.unanswered()) this.#links.send(port, 'ask', { vid, destination: mac, source: zeroMac });
    if (this.#beats % refreshAfter === 0) for (const flow of this.#flows.sources()) this.#sendUp('refresh', flow);
  }
}

const rules: ReadonlySet<unknown> = new Set(senderRules);

function isRule(verdict: Vid | DropReason): boolean {
  return rules.has(verdict);
}
