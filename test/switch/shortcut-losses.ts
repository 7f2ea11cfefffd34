import { seededRandom } from '../../src/lab/seeded-random.ts';
import { gateBounds } from '../../src/switch/shortcut-gates.ts';
import { encodeShortcutFrame, type ShortcutFrame } from '../../src/switch/shortcut-frame.ts';
import type { Switch, SwitchOptions } from '../../src/switch/switch.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { destinationOf, sourceOf } from '../../src/wire/ethernet.ts';
import { broadcastMac } from '../../src/wire/mac.ts';
import { frameOf, hostile, policy } from './hostile-frames.ts';
import { macOf, ports, ShortcutPair, type Half } from './shortcut-pair.ts';

type Kind = new (options: SwitchOptions) => Switch;

/** The time in which each flow forwards again once nothing more is lost, in milliseconds. */
const recovery = 2500;

/** The longest pause of a flow, and the time in which it then changes. In milliseconds. */
const pauseAndChange = 65_000;

/** The time between two frames of a flow, in milliseconds. */
const interval = 50;

/** The stations behind the first switch. Station 2 is behind the second one. */
const near = [1, 11, 12] as const;

/** Flows between both switches, whose frames are numbered; a station is told to the switches as the star would. */
class LossyTalk {
  readonly pair: ShortcutPair;
  fault: string | undefined;
  #sent = 0;
  readonly #last = new Map<string, number>();

  constructor(kind: Kind) {
    this.pair = new ShortcutPair(kind);
    const { first, second } = this.pair;
    for (const [{ bridge }, peer] of [
      [first, 2],
      [second, 1],
    ] as const)
      bridge.shortcuts.talks.subscribe((talk) => bridge.shortcuts.tell(talk, peer));
  }

  /** Lets each station that `speaks` send for so long. If `isWhole`, each frame must arrive. None may come after a later one. */
  run(milliseconds: number, isWhole: boolean, speaks: (station: number, at: number) => boolean = () => true): void {
    const { pair } = this;
    for (let at = 0; at < milliseconds && this.fault === undefined; at += interval) {
      this.#sent += 1;
      const said = near.flatMap((one) => [this.#say(pair.first, one, 2, speaks(one, at)), this.#say(pair.second, 2, one, speaks(2, at))]);
      const before = this.#take();
      if (isWhole && before < said.filter(Boolean).length) this.fault = `a frame ${this.#sent} is lost`;
      pair.clock.advance(interval);
      this.#take();
    }
  }

  /** The flows that take the shortcut. */
  get direct(): number {
    const { first, second } = this.pair;
    return first.bridge.shortcuts.direct + second.bridge.shortcuts.direct;
  }

  #say(half: Half, from: number, to: number, speaks: boolean): boolean {
    if (speaks) this.pair.say(half, { from, to, text: String(this.#sent) });
    return speaks;
  }

  #take(): number {
    const frames = this.pair.carryAll();
    for (const frame of frames) {
      const flow = `${sourceOf(frame)} to ${destinationOf(frame)}`;
      const number = Number(new TextDecoder().decode(frame.subarray(14)));
      if (number <= (this.#last.get(flow) ?? 0)) this.fault ??= `from ${flow} frame ${number} came after ${this.#last.get(flow)}`;
      this.#last.set(flow, number);
    }
    return frames.length;
  }
}

/**
 * Returns the fault after a time in which frames about shortcuts were lost: each flow forwards again soon, and takes the shortcut at last. The losses begin
 * with the first frame, or in flows that take the shortcut if the far station is silent at times, so that they change again.
 */
export function faultAfterLoss(kind: Kind, loses: (frame: ShortcutFrame) => boolean, isSilentAtTimes = true): string | undefined {
  const talk = new LossyTalk(kind);
  const { pair } = talk;
  if (isSilentAtTimes) talk.run(500, true);
  pair.loses = (frame) => frame.kind !== 'alive' && loses(frame);
  // Station 2 is silent for so long that it is not vouched for.
  for (let round = 0; round < 3; round++) talk.run(8000, false, (station, at) => !isSilentAtTimes || station !== 2 || at < 4000);
  pair.loses = () => false;
  talk.run(recovery, false);
  talk.run(1000, true);
  talk.run(pauseAndChange, true);
  if (talk.fault === undefined && talk.direct < 2 * near.length) return `only ${talk.direct} flows take the shortcut`;
  return talk.fault;
}

/** Returns the first fault in so many runs in which three of ten frames about shortcuts are lost. */
export function faultOfLosses(kind: Kind, seeds: number): string | undefined {
  for (let seed = 1; seed <= seeds; seed++) {
    const random = seededRandom(seed, 'losses');
    const fault = faultAfterLoss(kind, () => random.uint32() % 10 < 3, seed % 2 === 0);
    if (fault !== undefined) return `seed ${seed}: ${fault}`;
  }
  return undefined;
}

/** The port of a shortcut of the second switch to a hostile third one. */
const hostilePort = 4;

/** Returns a pair whose second switch has a shortcut to a third one, too. */
function withThird(kind: Kind): ShortcutPair {
  const pair = new ShortcutPair(kind);
  const { bridge } = pair.second;
  bridge.addPort(hostilePort, { shortcut: true });
  bridge.guard(hostilePort, policy);
  bridge.shortcuts.open(hostilePort, 3);
  return pair;
}

/** Returns whether a flow can change though a third switch has agreed on as many flows as it may, or asked for them in the name of the first one. */
export function sharesNoBounds(kind: Kind, sender: 1 | 3): boolean {
  const pair = withThird(kind);
  for (let at = 0; at <= gateBounds.flows; at++) {
    const flow = { vid: vid(0), destination: macOf(2), source: macOf(0x10_000 + at), nonce: at, sender };
    pair.receive(pair.second, ports.uplink, encodeShortcutFrame({ ...flow, kind: 'marker' }));
    if (sender === 3) pair.receive(pair.second, hostilePort, encodeShortcutFrame({ ...flow, kind: 'go' }));
    else pair.second.sent.delete(ports.shortcut);
    pair.second.sent.delete(hostilePort);
  }
  pair.tell();
  pair.say(pair.first, { from: 1, to: 2, text: 'a' });
  const received = pair.texts(pair.carryAll()).join(' ');
  return received === 'a' && pair.first.bridge.shortcuts.direct === 1;
}

/** Returns whether nothing gets through that a far end must not send: frames that break a rule of its guard, in a flow that was agreed, and groups. */
export function letsNothingHostileThrough(kind: Kind): boolean {
  const pair = new ShortcutPair(kind, policy);
  pair.tell();
  pair.say(pair.first, { from: 1, to: 2 });
  pair.carryAll();
  const header = [macOf(2), macOf(1)].flatMap((mac) => [...Buffer.from(mac.toString(16).padStart(12, '0'), 'hex')]);
  const agreed = hostile['forged-arp'].map(([, frame]) => Uint8Array.from([...header, ...frame.subarray(12)]));
  const group = frameOf(0x88b5, new Uint8Array(46), { source: macOf(1), destination: broadcastMac });
  for (const frame of [...agreed, group]) pair.receive(pair.second, ports.shortcut, frame);
  return pair.first.bridge.shortcuts.direct === 1 && (pair.second.sent.get(ports.local) ?? []).length === 0;
}
