import { describe, expect, it, onTestFinished } from 'vitest';
import { Feed } from '../../src/feed.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { shortcutBounds, type ShortcutEvents, type ShortcutLink } from '../../src/star/shortcut-context.ts';
import { ShortcutEngine } from '../../src/star/shortcut-engine.ts';
import type { Neighbour, ShortcutMessage } from '../../src/star/shortcut-messages.ts';
import type { SlaveEvent } from '../../src/star/slave-event.ts';
import type { Talk } from '../../src/switch/talk.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';

const keyOf = (id: number): string =>
  String.fromCharCode(97 + (id % 26)).repeat(16) + String.fromCharCode(97 + Math.floor(id / 26)).repeat(16);
const stationOf = (n: number): Talk => ({ vid: vid(0), mac: macFromNumber(0x0200_0000_0000 + n) });

interface Call {
  readonly id: number;
  readonly events: ShortcutEvents;
  isDropped: boolean;
}

/** An engine with everything about it by hand. It has the id 5. */
class EngineRig {
  readonly clock = new ManualClock();
  readonly told: ShortcutMessage[] = [];
  readonly calls: Call[] = [];
  readonly done: string[] = [];
  readonly ended: string[] = [];
  /** The keys whose calls were ended. */
  readonly hungUp: string[] = [];
  readonly talks = new Feed<Talk>();
  readonly lost = new Feed<number>();
  readonly engine: ShortcutEngine;
  traffic = 0;
  #port = 100;

  constructor() {
    this.engine = new ShortcutEngine({
      clock: this.clock,
      random: seededRandom(1),
      bridge: {
        talks: this.talks,
        lost: this.lost,
        open: (_port, peer) => void this.done.push(`open ${peer}`),
        tell: ({ mac }, peer) => void this.done.push(`tell ${mac & 0xff} ${peer}`),
        traffic: () => this.traffic,
      },
      dial: ({ id }, events) => {
        const call: Call = { id, events, isDropped: false };
        this.calls.push(call);
        return { [Symbol.dispose]: () => void (call.isDropped = true) };
      },
      send: (message) => void this.told.push(message),
      endCalls: (key) => void this.hungUp.push(key),
      addresses: () => ['192.0.2.5:1'],
    });
    onTestFinished(() => this.engine[Symbol.dispose]());
    this.join();
  }

  join(id = 5): void {
    const network = { address: ipv4FromNumber(0x0a4d0000), prefixLength: 16 };
    const welcome = { type: 'welcome', id, mac: macFromNumber(2), network, mtu: 1500, linkPort: 1 } as const;
    this.engine.follow({ type: 'joined', welcome, before: undefined, address: 'm:1' });
  }

  /** Lets time go by, while the master says each second that it is alive. */
  pass(milliseconds: number): void {
    for (let rest = milliseconds; rest > 0; rest -= 1000) {
      this.clock.advance(Math.min(rest, 1000));
      this.engine.heard();
    }
  }

  lose(): void {
    this.engine.follow({ type: 'lost', reason: 'gone' });
  }

  tell(id: number, station?: Talk): void {
    const neighbour: Neighbour = { type: 'neighbour', id, key: keyOf(id), addresses: ['192.0.2.9:1'], station };
    this.engine.follow({ type: 'shortcut', message: neighbour });
  }

  bar(id: number): void {
    this.engine.follow({ type: 'shortcut', message: { type: 'barred', key: keyOf(id) } });
  }

  link(name: string): ShortcutLink {
    return { port: this.#port++, end: (reason) => void this.ended.push(`${name}: ${reason}`) };
  }

  /** Tells of a member with a higher id, and lets the call to it succeed. */
  open(id: number): ShortcutLink {
    this.tell(id);
    const link = this.link(`${id}`);
    this.calls.findLast((call) => call.id === id)?.events.opened(link);
    return link;
  }

  get peers(): number[] {
    return this.engine.peers().map(({ id }) => id);
  }
}

describe('a slave with shortcuts', () => {
  it('tells the master where it can be dialled, and asks about stations that are talked to', () => {
    const rig = new EngineRig();
    rig.talks.emit(stationOf(7));
    expect(rig.told).toEqual([
      { type: 'reach', addresses: ['192.0.2.5:1'] },
      { type: 'shortcuts', peers: [] },
      { type: 'seek', ...stationOf(7) },
    ]);
  });

  it('asks about a station less and less often while that leads to nothing', () => {
    const rig = new EngineRig();
    for (let second = 0; second < 120; second++) {
      rig.talks.emit(stationOf(7));
      rig.pass(1000);
    }
    expect(rig.told.filter(({ type }) => type === 'seek').length).toBe(7);
  });

  it('dials a member with a higher id, and tells the switch of its stations', () => {
    const rig = new EngineRig();
    rig.tell(9, stationOf(7));
    expect(rig.calls.map(({ id }) => id)).toEqual([9]);
    rig.calls[0]?.events.opened(rig.link('9'));
    rig.tell(9, stationOf(8));
    expect(rig.done).toEqual(['open 9', 'tell 7 9', 'tell 8 9']);
    expect(rig.told.at(-1)).toEqual({ type: 'shortcuts', peers: [{ id: 9, key: keyOf(9) }] });
  });

  it('is dialled by a member with a lower id, of which the master told a moment ago', () => {
    const rig = new EngineRig();
    expect(rig.engine.admit(keyOf(3))).toMatchObject({ admit: false });
    rig.tell(3, stationOf(7));
    expect(rig.calls).toEqual([]);
    expect(rig.engine.admit(keyOf(3))).toEqual({ admit: true, id: 3 });
    const closed = rig.engine.accept(keyOf(3), rig.link('3'));
    expect([rig.peers, rig.done]).toEqual([[3], ['open 3', 'tell 7 3']]);
    closed?.('gone');
    expect(rig.peers).toEqual([]);
    rig.pass(61_000);
    expect(rig.engine.admit(keyOf(3))).toMatchObject({ admit: false });
  });

  it('admits no member that it should dial itself', () => {
    const rig = new EngineRig();
    rig.tell(9);
    expect(rig.engine.admit(keyOf(9))).toMatchObject({ admit: false, reason: 'the side with the lower id dials' });
    expect(rig.engine.accept(keyOf(9), rig.link('9'))).toBeUndefined();
    expect(rig.ended).toEqual(['9: the side with the lower id dials']);
  });

  it('takes a second call in the place of the first one', () => {
    const rig = new EngineRig();
    rig.tell(3);
    const first = rig.engine.accept(keyOf(3), rig.link('first'));
    rig.pass(shortcutBounds.callPause);
    rig.engine.accept(keyOf(3), rig.link('second'));
    first?.('gone');
    expect([rig.peers, rig.ended]).toEqual([[3], ['first: it called again']]);
  });

  it('neither dials nor admits a member again a moment after it was linked', () => {
    const rig = new EngineRig();
    rig.tell(3);
    let [dialled, admitted] = [0, 0];
    for (let time = 0; time < 60_000; time += 100) {
      rig.tell(9);
      if (rig.calls.length > dialled) {
        dialled = rig.calls.length;
        rig.calls.at(-1)?.events.opened(rig.link('9'));
        rig.calls.at(-1)?.events.closed('it hung up');
      }
      if (rig.engine.admit(keyOf(3)).admit) {
        admitted += 1;
        rig.engine.accept(keyOf(3), rig.link('3'))?.('it hung up');
      }
      rig.pass(100);
    }
    expect([dialled, admitted]).toEqual([60_000 / shortcutBounds.firstPause, 60_000 / shortcutBounds.callPause]);
  });

  it('ends the shortcut of a key that has another id now', () => {
    const rig = new EngineRig();
    rig.open(9);
    const moved: Neighbour = { type: 'neighbour', id: 10, key: keyOf(9), addresses: ['192.0.2.9:1'] };
    rig.engine.take(moved);
    expect([rig.peers, rig.ended]).toEqual([[], ['9: its key has another id now']]);
  });

  it('counts calls under way as shortcuts', () => {
    const rig = new EngineRig();
    for (let id = 30; id < 45; id++) rig.open(id);
    rig.tell(50);
    rig.tell(3);
    expect(rig.engine.admit(keyOf(3))).toMatchObject({ admit: false, reason: 'there are too many shortcuts' });
  });

  it('pauses after a call that failed, longer each time', () => {
    const rig = new EngineRig();
    const times: number[] = [];
    for (let second = 0; second < 100; second++) {
      const before = rig.calls.length;
      rig.tell(9);
      if (rig.calls.length > before) times.push(second);
      if (rig.calls.length > before) rig.calls.at(-1)?.events.closed('no path');
      rig.pass(1000);
    }
    const pauses = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    expect(pauses.length).toBeGreaterThan(2);
    for (const [at, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(5 * 2 ** at);
      expect(pause).toBeLessThanOrEqual(7.5 * 2 ** at + 1);
    }
  });

  it('has no more calls and shortcuts than its bounds', () => {
    const rig = new EngineRig();
    for (let id = 6; id < 106; id++) rig.tell(id);
    expect(rig.calls.length).toBe(shortcutBounds.dials);
    for (let id = 6; id < 106; id++) rig.open(id);
    expect(rig.peers.length).toBeLessThanOrEqual(shortcutBounds.shortcuts);
    for (let round = 0; round < 30; round++)
      for (const call of [...rig.calls]) {
        if (!rig.peers.includes(call.id)) call.events.closed('no path');
        rig.clock.advance(10);
        for (let id = 6; id < 106; id++) rig.tell(id);
      }
    expect(rig.peers.length).toBeLessThanOrEqual(shortcutBounds.shortcuts);
  });

  it('ends a shortcut that carries nothing for a minute', () => {
    const rig = new EngineRig();
    rig.open(9);
    for (let second = 0; second < 100; second++) {
      rig.traffic += 1;
      rig.pass(1000);
    }
    expect(rig.ended).toEqual([]);
    rig.pass(61_000);
    expect(rig.ended).toEqual(['9: it was not used for a minute']);
    expect(rig.told.at(-1)).toEqual({ type: 'shortcuts', peers: [] });
  });

  it('ends the shortcut to a key that is barred, and its call, and admits it no more', () => {
    const rig = new EngineRig();
    rig.open(9);
    rig.tell(8);
    rig.tell(3);
    for (const id of [9, 8, 3]) rig.bar(id);
    expect([rig.peers, rig.ended]).toEqual([[], ['9: its key is barred']]);
    expect(rig.calls.find(({ id }) => id === 8)?.isDropped).toBe(true);
    expect(rig.hungUp).toEqual([9, 8, 3].map(keyOf));
    expect(rig.engine.admit(keyOf(3))).toMatchObject({ admit: false });
  });

  it('ends all of them within 10 s of the last sign of the master, and begins none', () => {
    const rig = new EngineRig();
    rig.open(9);
    rig.tell(3);
    rig.lose();
    expect(rig.engine.admit(keyOf(3))).toMatchObject({ admit: false });
    rig.clock.advance(8900);
    expect(rig.peers).toEqual([9]);
    rig.clock.advance(200);
    expect(rig.ended).toEqual(['9: the master was not heard for 10 s']);
    rig.tell(12);
    expect(rig.calls.map(({ id }) => id)).toEqual([9]);
  });

  it('counts the silence before the loss', () => {
    const rig = new EngineRig();
    rig.open(9);
    rig.clock.advance(6000);
    rig.lose();
    rig.clock.advance(2900);
    expect(rig.peers).toEqual([9]);
    rig.clock.advance(200);
    expect(rig.peers).toEqual([]);
  });

  it('ends all of them after 10 s of silence though it is still joined, and begins again at the next sign', () => {
    const rig = new EngineRig();
    rig.open(9);
    rig.engine.follow({ type: 'suspect', silence: 3000 });
    rig.clock.advance(10_000);
    expect([rig.ended, rig.engine.admit(keyOf(9)).admit]).toEqual([['9: the master was not heard for 10 s'], false]);
    rig.engine.follow({ type: 'back' });
    rig.engine.heard();
    rig.pass(30_000);
    rig.open(12);
    expect(rig.peers).toEqual([12]);
  });

  it('ends none because it lagged itself', () => {
    const rig = new EngineRig();
    rig.open(9);
    rig.clock.stall(30_000);
    rig.engine.heard();
    rig.pass(5000);
    expect(rig.ended).toEqual([]);
  });

  it('keeps its shortcuts if the master is back in time, and asks whether they are allowed still', () => {
    const rig = new EngineRig();
    rig.open(9);
    rig.lose();
    rig.clock.advance(3000);
    rig.join();
    rig.pass(30_000);
    expect(rig.peers).toEqual([9]);
    expect(rig.told.at(-1)).toEqual({ type: 'shortcuts', peers: [{ id: 9, key: keyOf(9) }] });
  });

  it.each<SlaveEvent>([
    { type: 'kicked', reason: 'kicked' },
    { type: 'ended' },
    { type: 'left' },
    { type: 'refused', code: 'barred', reason: 'barred', permanent: true, withdraw: true, again: false },
  ])('ends all of them at once when its membership does: $type', (event) => {
    const rig = new EngineRig();
    rig.open(9);
    rig.engine.follow(event);
    expect(rig.peers).toEqual([]);
  });

  it('ends all of them when it gets another id', () => {
    const rig = new EngineRig();
    rig.open(9);
    rig.join(6);
    expect(rig.ended).toEqual(['9: this slave has another id now']);
  });

  it('closes a connection that the switch found silent', () => {
    const rig = new EngineRig();
    const { port } = rig.open(9);
    rig.lost.emit(port);
    expect(rig.ended).toEqual(['9: nothing was received on it']);
  });
});
