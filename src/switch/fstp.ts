import type { Timer } from '../clock.ts';
import { assert } from '../errors.ts';
import { bridgeGroupMac, decodeBpdu, encodeBpdu, isForBridges, type Bpdu, type BridgeId } from '../wire/bpdu.ts';
import { addTag, isTagged, minTaggedFrame, type Vid } from '../wire/dot1q.ts';
import { encodeEthernet, minFrame } from '../wire/ethernet.ts';
import { macFromNumber } from '../wire/mac.ts';
import type { Explanation } from './explanation.ts';
import { maxAge, portCost, type Bonus } from './fstp-root.ts';
import type { TreePort } from './fstp-member.ts';
import { FstpTree, type TreeDoors } from './fstp-tree.ts';
import { classify } from './ingress.ts';
import type { SwitchOptions } from './switch-options.ts';
import type { BridgePort, DropReason, PortNumber } from './switch-port.ts';

/** The current state of one VLAN's tree. */
export interface FstpState {
  readonly vid: Vid;
  readonly root: BridgeId;
  /** The way to the root, and the bridge behind it; undefined if this bridge is the root. */
  readonly rootPort: PortNumber | undefined;
  readonly designated: BridgeId | undefined;
  readonly rootPathCost: number;
  /** Milliseconds since the last BPDU about the root. If this bridge is the root: since it became the root, or since the tree was switched on. */
  readonly age: number;
  readonly bonus: Bonus | undefined;
  /** By their numbers. */
  readonly ports: readonly (TreePort & { readonly tagged: boolean; readonly cost: number })[];
}

/** The identity of a bridge, and its surroundings. */
export type FstpOptions = Pick<SwitchOptions, 'clock' | 'mac' | 'priority' | 'treeChanged' | 'breath'>;

/** The callbacks of the spanning tree into its switch. */
export interface FstpDoors {
  /** Sends a frame by a port, as it is. */
  readonly send: (port: BridgePort, frame: Uint8Array) => void;
  /** Called when a port was blocked in a VLAN. */
  readonly blocked: (port: BridgePort, vid: Vid) => void;
  /** Called when a port was blocked in a VLAN, or is no longer blocked. */
  readonly changed: () => void;
  /** Forgets the stations of a VLAN. */
  readonly flush: (vid: Vid) => void;
  /** Returns whether a tree is possible: false in a hub. */
  readonly possible: () => boolean;
}

const nobody = macFromNumber(0);
const second = 1_000;
const secondsBetweenHellos = 4;

/**
 * VDE's fast spanning tree: one tree for each VLAN, whose BPDUs are tagged as the VLAN's frames are. It has no delays and sends a hello
 * every 4 s. At first it is off; then it has no timer, and keeps only its configuration.
 */
export class Fstp {
  /** The identity of this bridge. */
  readonly self: BridgeId;
  /**
   * The number of bridges after which a claim is no longer believed, and so the reach of a tree. Infinity believes all claims, as VDE
   * does. May be changed. By default 40.
   */
  maxAge = maxAge;
  /** True if a redundant wire is closed at both ends, as VDE does. May be changed. */
  closesBothEnds = false;
  readonly #ports: ReadonlyMap<PortNumber, BridgePort>;
  readonly #options: FstpOptions;
  readonly #doors: FstpDoors;
  readonly #breath: (work: () => void) => void;
  readonly #trees = new Map<Vid, FstpTree>();
  readonly #rootSince = new Map<Vid, number>();
  #ticking: Timer | undefined;
  #seconds = 0;

  constructor(ports: ReadonlyMap<PortNumber, BridgePort>, options: FstpOptions, doors: FstpDoors) {
    this.self = { priority: options.priority ?? 0x8000, mac: options.mac ?? nobody };
    this.#ports = ports;
    this.#options = options;
    this.#doors = doors;
    this.#breath = options.breath ?? ((work) => work());
  }

  get enabled(): boolean {
    return this.#ticking !== undefined;
  }

  /** Adds all ports to the trees, or removes them. In a hub it stays off. The switch needs an address of its own. */
  set enabled(enabled: boolean) {
    if (enabled === this.enabled || (enabled && !this.#doors.possible())) return;
    assert(!enabled || this.self.mac !== nobody, 'a switch in a spanning tree has an address');
    this.#breath(() => {
      if (enabled) {
        this.#seconds = 0;
        this.#tickLater();
        for (const port of this.#ports.values()) for (const vid of port.vlans) this.join(port, vid);
      } else {
        this.#stop();
        for (const tree of this.#trees.values()) tree.clear();
      }
    });
  }

  /** Notes that a port that is up became a member of a VLAN, or that a member went up. */
  join(port: BridgePort, vid: Vid): void {
    if (!this.enabled || !port.up) return;
    this.#breath(() => this.#tree(vid).add(port.number, port.edge));
  }

  /** Notes that a port left a VLAN, or that a member went down. */
  leave(port: BridgePort, vid: Vid): void {
    if (this.enabled) this.#breath(() => this.#trees.get(vid)?.remove(port.number));
  }

  /** Returns whether it takes a frame from a port. From a guarded one it takes none, unless bridges may be behind that. */
  takes({ guard }: BridgePort, frame: Uint8Array): boolean {
    return isForBridges(frame) && this.enabled && guard?.breach(frame) === undefined;
  }

  /** Handles a frame that it takes, or returns why it is dropped. */
  receive(port: BridgePort, frame: Uint8Array): DropReason | undefined {
    const read = readBpdu(port, frame);
    if (typeof read === 'string') return read;
    this.#trees.get(read.vid)?.receive(port.number, read.bpdu, this.#options.clock.monotonic());
    return undefined;
  }

  /** Keeps a port out of the tree of a VLAN, or ends that. The setting is lost when the port goes down or leaves the VLAN. */
  setEdge(vid: Vid, port: PortNumber, edge: boolean): void {
    this.#breath(() => this.#trees.get(vid)?.setEdge(port, edge));
  }

  /** Makes the way to the root of a VLAN by one port cheaper; ports cost 20,000,000. The bonus of another port of the VLAN ends. */
  setBonus(vid: Vid, port: PortNumber, cost: number): void {
    this.#breath(() => this.#tree(vid).setBonus(port, cost));
  }

  /** Returns the bonus in the tree of a VLAN; undefined if there is none. */
  bonus(vid: Vid): Bonus | undefined {
    return this.#trees.get(vid)?.bonus;
  }

  /** Forgets a VLAN that was removed. */
  forget(vid: Vid): void {
    this.#trees.delete(vid);
    this.#rootSince.delete(vid);
  }

  /** Returns the state of a VLAN's tree; if there is no tree yet, that of a lone bridge. */
  state(vid: Vid): FstpState {
    const tree = this.#tree(vid);
    const { root, rootPort, designated, rootPathCost, bonus } = tree;
    const age = this.#options.clock.monotonic() - (tree.rootHeardAt ?? this.#rootSince.get(vid) ?? 0);
    const ports = [...tree.ports()].map((port) => {
      const tagged = this.#ports.get(port.number)?.vlans.untagged !== vid;
      return { ...port, tagged, cost: portCost };
    });
    return { vid, root, rootPort, designated, rootPathCost, age, bonus, ports: ports.sort((a, b) => a.number - b.number) };
  }

  /** Ends its timer. */
  [Symbol.dispose](): void {
    this.#stop();
  }

  #stop(): void {
    this.#ticking?.[Symbol.dispose]();
    this.#ticking = undefined;
  }

  #tickLater(): void {
    this.#ticking = this.#options.clock.after(second, () => {
      this.#tickLater();
      this.#breath(() => this.#tick());
    });
  }

  #tick(): void {
    this.#seconds += 1;
    const now = this.#options.clock.monotonic();
    for (const tree of this.#trees.values()) {
      tree.tick(now);
      if (this.#seconds % secondsBetweenHellos === 0) tree.hello();
    }
  }

  #tree(vid: Vid): FstpTree {
    const known = this.#trees.get(vid);
    if (known) return known;
    const { clock, treeChanged } = this.#options;
    const doors: TreeDoors = {
      send: (port, bpdu) => this.#send(port, vid, bpdu),
      setForwarding: (port, forwarding) => this.#setBlocked(port, vid, !forwarding),
      flush: () => this.#doors.flush(vid),
      changed: (change) => {
        if (change.kind === 'root') this.#rootSince.set(vid, clock.monotonic());
        treeChanged?.({ ...change, vid });
      },
    };
    const tree = new FstpTree(this.self, doors, this);
    this.#trees.set(vid, tree);
    this.#rootSince.set(vid, clock.monotonic());
    return tree;
  }

  #setBlocked(number: PortNumber, vid: Vid, blocked: boolean): void {
    const port = this.#ports.get(number);
    if (!port) return;
    port.setBlocked(vid, blocked);
    if (blocked) this.#doors.blocked(port, vid);
    this.#doors.changed();
  }

  #send(number: PortNumber, vid: Vid, bpdu: Bpdu): void {
    const port = this.#ports.get(number);
    if (!port) return;
    const payload = encodeBpdu(bpdu);
    // The type field of an 802.3 frame is the length of its payload.
    const frame = encodeEthernet({ destination: bridgeGroupMac, source: bpdu.bridge.mac, etherType: payload.length, payload });
    this.#doors.send(port, vid === port.vlans.untagged ? frame : addTag(frame, vid));
  }
}

/** Explains the decision of `Fstp.receive` about a frame to the bridge group. */
export function explainBpdu(port: BridgePort, frame: Uint8Array): Explanation {
  const read = readBpdu(port, frame);
  return typeof read === 'string' ? { decision: 'drop', reason: read } : { decision: 'take', vid: read.vid };
}

function readBpdu(port: BridgePort, frame: Uint8Array): { readonly vid: Vid; readonly bpdu: Bpdu } | DropReason {
  const vid = classify(port, frame);
  if (typeof vid === 'string') return vid;
  const bpdu = decodeBpdu(frame.subarray(isTagged(frame) ? minTaggedFrame : minFrame));
  return bpdu ? { vid, bpdu } : 'bad-bpdu';
}
