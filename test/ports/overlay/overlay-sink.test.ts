import { beforeEach, describe, expect, it } from 'vitest';
import { OverlaySink } from '../../../src/ports/overlay/overlay-sink.ts';
import type { PacketSender } from '../../../src/ports/overlay/packet-socket.ts';
import { Remote } from '../../../src/ports/overlay/remotes.ts';
import { SendQueue } from '../../../src/ports/pure/send-queue.ts';
import { BacklogBudget } from '../../../src/ports/pure/backlog.ts';
import { newPortCounters } from '../../../src/ports/pure/port.ts';
import { FixedOctets, type Packet } from '../../../src/system/packets.ts';
import { frameOf } from '../rig.ts';

const [a, b, c] = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((host) => new Remote({ host, port: 4789 }, host)) as [Remote, Remote, Remote];

/** A sender that has room for `room` packets, and refuses those to some remotes. It notes the others. */
class Sender implements PacketSender {
  room = Infinity;
  calls = 0;
  readonly refuses = new Map<Remote, string>();
  readonly sent: string[] = [];

  send(packets: readonly Packet[], from: number): number | string {
    this.calls++;
    let taken = 0;
    for (const { to, frame } of packets.slice(from)) {
      const remote = [a, b, c].find((one) => one.to === to);
      const errno = remote && this.refuses.get(remote);
      if (errno !== undefined && this.room > 0) return taken === 0 ? errno : taken;
      if (this.room === 0) return taken;
      this.room--;
      taken++;
      this.sent.push(`${remote?.host.slice(-1)}:${frame.length}`);
    }
    return taken;
  }

  await(): void {
    this.calls += 0;
  }
}

describe('the packets of an overlay', () => {
  let sender: Sender;
  let targets: (frame: Uint8Array) => readonly Remote[];
  const refusals: string[] = [];
  let counters = newPortCounters();
  let budget: BacklogBudget;
  let queue: SendQueue;

  beforeEach(() => {
    sender = new Sender();
    targets = () => [a, b, c];
    refusals.length = 0;
    for (const remote of [a, b, c]) remote.longest = 9234;
    counters = newPortCounters();
    queue = queueWith(new BacklogBudget({ age: 2_000 }));
  });

  function queueWith(bounds: BacklogBudget): SendQueue {
    budget = bounds;
    const sink = new OverlaySink({
      sender,
      header: new FixedOctets(new Uint8Array(8)),
      remotesFor: (frame) => targets(frame),
      refused: ({ host }, { length }, errno) => refusals.push(`${host.slice(-1)}:${length} ${errno}`),
    });
    return new SendQueue({ sink, counters, budget });
  }

  function send(...sizes: readonly number[]): void {
    for (const size of sizes) queue.add(frameOf(size));
    queue.flush();
  }

  it('go to each remote once, with one call, and a frame is counted once', () => {
    send(20, 21);
    expect(sender.sent).toEqual(['1:20', '2:20', '3:20', '1:21', '2:21', '3:21']);
    expect(sender.calls).toBe(1);
    expect(counters).toMatchObject({ sentFrames: 2, sentOctets: 41 });
    expect([a, b, c].map(({ sent }) => sent)).toEqual([true, true, true]);
  });

  it('that are refused for one remote reach the others', () => {
    sender.refuses.set(b, 'EHOSTUNREACH');
    send(20, 21);
    expect(sender.sent).toEqual(['1:20', '3:20', '1:21', '3:21']);
    expect(refusals).toEqual(['2:20 EHOSTUNREACH', '2:21 EHOSTUNREACH']);
    expect(counters).toMatchObject({ sentFrames: 2, drops: { 'send-failed': 0 } });
  });

  it('that no remote takes are drops, amid others that are sent', () => {
    sender.refuses.set(b, 'EHOSTUNREACH');
    targets = ({ length }) => (length % 2 === 0 ? [a] : [b]);
    send(20, 21, 23, 22, 24, 25);
    expect(sender.sent).toEqual(['1:20', '1:22', '1:24']);
    expect(counters).toMatchObject({ sentFrames: 3, sentOctets: 66, drops: { 'send-failed': 3 } });
  });

  it('too long for one remote go to the others, by the length that is known or by the errno', () => {
    b.longest = 100;
    sender.refuses.set(c, 'EMSGSIZE');
    send(100, 101);
    expect(sender.sent).toEqual(['1:100', '2:100', '1:101']);
    expect(refusals).toEqual(['2:101 EMSGSIZE', '3:100 EMSGSIZE', '3:101 EMSGSIZE']);
    a.longest = 50;
    send(101, 40);
    expect(counters).toMatchObject({ sentFrames: 3, drops: { oversize: 1 } });
  });

  it('without a remote are drops, and so are those for a remote whose name has no address', () => {
    targets = () => [];
    send(20, 21);
    expect(counters).toMatchObject({ sentFrames: 0, drops: { 'no-carrier': 2 } });
    const absent = new Remote({ host: 'absent.example', port: 4789 }, undefined);
    targets = ({ length }) => (length === 22 ? [absent] : [absent, a]);
    send(22, 23);
    expect(counters).toMatchObject({ sentFrames: 1, drops: { 'no-carrier': 3 } });
    expect(sender.sent).toEqual(['1:23']);
  });

  it.each([0, 1, 2, 3, 4, 5])('wait after %i of them for room, and none leaves twice', (room) => {
    sender.room = room;
    send(20, 21, 22);
    expect(sender.sent.length).toBe(room);
    expect(counters.sentFrames).toBe(Math.floor(room / 3));
    expect(queue.blocked).toBe(true);
    for (let more = 0; more < 9; more++) {
      sender.room = 1;
      queue.drain();
    }
    expect(sender.sent).toEqual(['1:20', '2:20', '3:20', '1:21', '2:21', '3:21', '1:22', '2:22', '3:22']);
    expect(counters).toMatchObject({ sentFrames: 3, sentOctets: 63 });
    expect(queue.blocked).toBe(false);
  });

  it('that wait are dropped whole when the port is taken down', () => {
    sender.room = 1;
    send(20);
    queue.drop('port-down');
    sender.room = Infinity;
    send(21);
    expect(sender.sent).toEqual(['1:20', '1:21', '2:21', '3:21']);
    expect(counters).toMatchObject({ sentFrames: 1, drops: { 'port-down': 1 } });
  });

  it('of a frame that has waited too long take none from the next one', () => {
    sender.room = 1;
    send(20);
    budget.now += budget.age + 1;
    send(21);
    sender.room = Infinity;
    queue.drain();
    expect(sender.sent).toEqual(['1:20', '1:21', '2:21', '3:21']);
    expect(counters).toMatchObject({ sentFrames: 1, drops: { 'backlog-age': 1 } });
  });

  it('of a frame that could not be kept take none from the next one', () => {
    targets = () => [a, b];
    queue = queueWith(new BacklogBudget({ frames: 0 }));
    sender.room = 1;
    send(20);
    sender.room = Infinity;
    send(21);
    expect(sender.sent).toEqual(['1:20', '1:21', '2:21']);
    expect(counters.drops['backlog-full']).toBe(1);
  });

  it('of a long burst leave in order', () => {
    targets = () => [a];
    const sizes = Array.from({ length: 300 }, (_, i) => 20 + i);
    send(...sizes);
    expect(sender.sent).toEqual(sizes.map((size) => `1:${size}`));
    expect(sender.calls).toBe(5);
    expect(counters.sentFrames).toBe(300);
  });
});
