import type { Switch, SwitchOptions } from '../../src/switch/switch.ts';
import { strangersPolicy, type SenderPolicy } from '../../src/switch/sender-policy.ts';
import { flowBounds } from '../../src/switch/shortcut-flows.ts';
import { decodeAtShortcut, decodeAtUplink, encodeShortcutFrame, type ShortcutFrame } from '../../src/switch/shortcut-frame.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { destinationOf } from '../../src/wire/ethernet.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';
import { testFrame, type TestFrame } from './test-switch.ts';

/** The ports of each switch. */
export const ports = { uplink: 1, shortcut: 2, local: 3 } as const;

/** A station's address by its number, as in test frames. */
export const macOf = (n: number): ReturnType<typeof macFromNumber> => macFromNumber(0x0200_0000_0000 + n);

/** One switch of a pair: station 1 is behind the first one, station 2 behind the second. */
export interface Half {
  readonly bridge: Switch;
  /** The frames that it sent and that have not been carried yet, by port. */
  readonly sent: Map<number, Uint8Array[]>;
}

/** Two switches with a shortcut, whose frames are carried by hand. */
export class ShortcutPair {
  readonly clock = new ManualClock();
  readonly first: Half;
  readonly second: Half;
  /** Returns whether a frame about shortcuts is lost on its way. */
  loses: (frame: ShortcutFrame) => boolean = () => false;

  constructor(kind: new (options: SwitchOptions) => Switch, policy: SenderPolicy = strangersPolicy) {
    [this.first, this.second] = [this.#half(kind, 1, 2, policy), this.#half(kind, 2, 1, policy)];
    this.receive(this.first, ports.local, testFrame({ from: 1 }));
    this.receive(this.second, ports.local, testFrame({ from: 2 }));
    this.carryAll();
  }

  receive(half: Half, port: number, frame: Uint8Array): void {
    half.bridge.beginBreath();
    half.bridge.receive(port, frame);
  }

  /** A frame of a station behind the local port of a half. */
  say(half: Half, frame: TestFrame): void {
    this.receive(half, ports.local, testFrame(frame));
  }

  /** Carries what waits at a port of one half to the other one. The uplinks are joined, as by a master without other ports. */
  carry(from: Half, port: number): void {
    const to = from === this.first ? this.second : this.first;
    for (const frame of from.sent.get(port)?.splice(0) ?? []) {
      const control = decodeAt(port, frame);
      if (!control || !this.loses(control)) this.receive(to, port, frame);
    }
  }

  /** Carries all that waits, until nothing does. Returns what local stations received. */
  carryAll(): Uint8Array[] {
    const waits = (): boolean =>
      [this.first, this.second].some(({ sent }) => [ports.uplink, ports.shortcut].some((port) => (sent.get(port)?.length ?? 0) > 0));
    while (waits()) for (const half of [this.first, this.second]) for (const port of [ports.uplink, ports.shortcut]) this.carry(half, port);
    return [this.first, this.second].flatMap(({ sent }) => sent.get(ports.local)?.splice(0) ?? []);
  }

  /** Lets the first half learn that station 2 is behind the shortcut. */
  tell(): void {
    this.first.bridge.shortcuts.tell({ vid: vid(0), mac: macOf(2) }, 2);
    this.carryAll();
  }

  /** Returns the frames about shortcuts that wait at a port. */
  controls(half: Half, port: number): ShortcutFrame[] {
    return (half.sent.get(port) ?? []).map((frame) => decodeAt(port, frame)).filter((frame) => frame !== undefined);
  }

  /** Returns the texts of the frames of stations that wait at a port, or of these frames. */
  texts(from: Half | readonly Uint8Array[], port: number = ports.local): string[] {
    const frames = 'bridge' in from ? (from.sent.get(port) ?? []) : from;
    const data = frames.filter((frame) => destinationOf(frame) !== 0 && decodeAtUplink(frame, vid(0)) === undefined);
    return data.map((frame) => new TextDecoder().decode(frame.subarray(14)));
  }

  #half(kind: new (options: SwitchOptions) => Switch, self: number, peer: number, policy: SenderPolicy): Half {
    const sent = new Map<number, Uint8Array[]>();
    const bridge = new kind({
      clock: this.clock,
      transmit: (port, frame) => void sent.set(port, [...(sent.get(port) ?? []), frame.slice()]),
    });
    bridge.addPort(ports.uplink, { trunk: true });
    bridge.addPort(ports.local);
    bridge.addPort(ports.shortcut, { shortcut: true });
    bridge.guard(ports.shortcut, policy);
    bridge.shortcuts.begin(self, ports.uplink);
    bridge.shortcuts.open(ports.shortcut, peer);
    return { bridge, sent };
  }
}

function decodeAt(port: number, frame: Uint8Array): ShortcutFrame | undefined {
  return port === ports.uplink ? decodeAtUplink(frame, vid(0)) : decodeAtShortcut(frame);
}

/**
 * Returns whether frames that a shortcut had from an earlier time are dropped, though a new agreement was made meanwhile: a `go` and a frame are on the
 * shortcut, the flow returns to the uplink, and changes again, all before it arrives.
 */
export function dropsLateFrames(kind: new (options: SwitchOptions) => Switch): boolean {
  const pair = new ShortcutPair(kind);
  const { first, second, clock } = pair;
  const flow = { vid: vid(0), destination: macOf(2), source: macOf(1), nonce: 0 };
  pair.tell();
  pair.say(first, { from: 1, to: 2, text: 'late' });
  pair.carry(first, ports.uplink);
  pair.carry(second, ports.shortcut);
  const late = first.sent.get(ports.shortcut)?.splice(0) ?? [];
  pair.receive(first, ports.shortcut, encodeShortcutFrame({ ...flow, kind: 'closed', sender: 2 }));
  pair.say(first, { from: 1, to: 2, text: 'b' });
  pair.carry(first, ports.uplink);
  for (let passed = 0; passed <= flowBounds.firstPause; passed += 100) {
    clock.advance(100);
    for (const [half, sender] of [
      [first, 2],
      [second, 1],
    ] as const)
      pair.receive(half, ports.shortcut, encodeShortcutFrame({ ...flow, kind: 'alive', sender }));
  }
  for (const { sent } of [first, second]) sent.get(ports.shortcut)?.splice(0);
  pair.say(first, { from: 1, to: 2, text: 'c' });
  const isMarked = pair.controls(first, ports.uplink).some((frame) => frame.kind === 'marker');
  pair.carry(first, ports.uplink);
  for (const frame of late) pair.receive(second, ports.shortcut, frame);
  const received = pair.texts(pair.carryAll()).join(' ');
  return late.length === 2 && isMarked && received === 'b c' && first.bridge.shortcuts.direct === 1;
}

/** Returns whether flows to a station that has been silent for a few seconds return to the uplink: it may have moved. */
export function leavesSilent(kind: new (options: SwitchOptions) => Switch): boolean {
  const pair = new ShortcutPair(kind);
  pair.tell();
  pair.say(pair.first, { from: 1, to: 2 });
  pair.carryAll();
  const before = pair.first.bridge.shortcuts.direct;
  for (let passed = 0; passed < 4500; passed += 100) {
    pair.clock.advance(100);
    pair.carryAll();
  }
  pair.say(pair.first, { from: 1, to: 2 });
  return before === 1 && pair.first.bridge.shortcuts.direct === 0 && pair.texts(pair.first, ports.uplink).length === 1;
}

/** Returns whether flows to a station return to the uplink when a frame of its own comes from there: it may have moved. */
export function leavesMoved(kind: new (options: SwitchOptions) => Switch): boolean {
  const pair = new ShortcutPair(kind);
  const { first, second } = pair;
  pair.tell();
  second.bridge.shortcuts.tell({ vid: vid(0), mac: macOf(1) }, 1);
  pair.carryAll();
  pair.say(first, { from: 1, to: 2 });
  pair.say(second, { from: 2, to: 1 });
  pair.carryAll();
  const before = [first, second].map(({ bridge }) => bridge.shortcuts.direct).join(' ');
  pair.receive(first, ports.uplink, testFrame({ from: 2, to: 1 }));
  return before === '1 1' && first.bridge.shortcuts.direct === 0;
}
