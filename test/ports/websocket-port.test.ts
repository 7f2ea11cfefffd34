import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { maxFrame, type Port } from '../../src/ports/pure/port.ts';
import { longestMessage, WebSocketPort } from '../../src/ports/websocket-port.ts';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { conforms } from './conformance.ts';
import { collect, dropped, frameOf, Rig, sameFrames } from './rig.ts';
import { dial, listenAt } from './websocket-stage.ts';

conforms({
  name: 'a WebSocket',
  injects: true,
  farGone: 'closed',
  async open(rig) {
    const { ports, listener } = await listenAt(rig);
    const { client, socket } = await dial(listener.address);
    const far = new WebSocketPort(client, socket, 'far', rig.environment);
    return { port: await ports.next(), far, inject: (octets) => client.send(octets), rest: listener };
  },
});

async function connected(rig: Rig): Promise<{ port: Port; client: WebSocket; socket: Socket }> {
  const { ports, listener } = await listenAt(rig);
  return { ...(await dial(listener.address)), port: await ports.next() };
}

describe('a WebSocket port', () => {
  it('drops texts, empty messages and what is too long, counts each, and goes on', async () => {
    const rig = new Rig();
    const { port, client } = await connected(rig);
    const here = collect(port);
    client.send('a text that is longer than an Ethernet header');
    client.send(new Uint8Array(0));
    client.send(frameOf(maxFrame + 1));
    client.send(frameOf(longestMessage));
    client.send(frameOf(60));
    await here.count(1);
    expect(sameFrames(here.frames, [frameOf(60)])).toBe(true);
    expect(port.counters).toMatchObject({ receivedFrames: 1, faults: 0, drops: { malformed: 1, runt: 1, oversize: 2 } });
  });

  it('ends where more is announced than it would read, before that has come', async () => {
    const rig = new Rig();
    const { port, client, socket } = await connected(rig);
    const here = collect(port);
    client.send(frameOf(60));
    // A masked binary message of 2^40 octets, of which none comes. [RFC 6455, 5.2]
    socket.write(Buffer.from([0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4]));
    expect(await here.ended()).toMatch(/payload/i);
    expect(here.frames.length).toBe(1);
    expect(port.counters.faults).toBe(1);
    await eventually(() => expect(client.readyState).toBe(client.CLOSED));
  });

  it.each([
    ['a message without a mask', [0x82, 0x01, 0x00]],
    ['a compressed message', [0xc2, 0x81, 1, 2, 3, 4, 0]],
    ['an unknown opcode', [0x83, 0x81, 1, 2, 3, 4, 0]],
  ])('ends at %s', async (_name, octets) => {
    const rig = new Rig();
    const { port, socket } = await connected(rig);
    const here = collect(port);
    socket.write(Buffer.from(octets));
    expect(await here.ended()).not.toBe('');
    expect(port.counters.faults).toBe(1);
  });

  it('ends at a message in endless pieces', async () => {
    const rig = new Rig();
    const { port, socket } = await connected(rig);
    const here = collect(port);
    socket.write(Buffer.from([0x02, 0x80, 1, 2, 3, 4]));
    for (let i = 0; i < 64; i++) socket.write(Buffer.from([0x00, 0x80, 1, 2, 3, 4]));
    expect(await here.ended()).toMatch(/fragments/);
  });

  it('puts together a frame that comes in pieces', async () => {
    const rig = new Rig();
    const { port, client } = await connected(rig);
    const here = collect(port);
    client.send(frameOf(60).subarray(0, 20), { fin: false });
    client.send(frameOf(60).subarray(20), { fin: true });
    await here.count(1);
    expect(sameFrames(here.frames, [frameOf(60)])).toBe(true);
  });

  it('delivers all that comes together in one breath', async () => {
    const rig = new Rig();
    let breaths = 0;
    const breath = rig.environment.breath;
    const counted = (work: () => void): void => {
      breaths++;
      breath(work);
    };
    Object.assign(rig.environment, { breath: counted });
    const { port, client, socket } = await connected(rig);
    const here = collect(port);
    socket.cork();
    for (let i = 0; i < 20; i++) client.send(frameOf(60, i));
    socket.uncork();
    await here.count(20);
    expect(breaths).toBe(1);
  });

  it.each([
    ['frames', { frames: 10 }, 10],
    ['octets', { octets: 5000 }, 5],
  ])('bounds what waits in %s, and keeps the order', async (_name, backlog, most) => {
    const rig = new Rig();
    const { ports, listener } = await listenAt(rig, { backlog });
    const { client, socket } = await dial(listener.address);
    client.pause();
    const port = await ports.next();
    collect(port);
    let sent = 0;
    while (dropped(port.counters) === 0) rig.send(port, frameOf(1000, sent++));
    expect(port.counters.drops['backlog-full']).toBe(1);
    expect(sent - 1 - port.counters.sentFrames).toBe(most);
    const far = collect(new WebSocketPort(client, socket, 'far', rig.environment));
    await far.count(sent - 1);
    const kept = Array.from({ length: sent - 1 }, (_, i) => frameOf(1000, i));
    expect(sameFrames(far.frames, kept)).toBe(true);
    await eventually(() => expect(rig.budget.used).toBe(0));
  });

  it('keeps nothing beyond what all ports may keep together, yet sends to whoever reads', async () => {
    const rig = new Rig();
    const { port, client } = await connected(rig);
    collect(port);
    rig.budget.charge(rig.budget.limit);
    rig.send(port, frameOf(1000));
    await once(client, 'message');
    client.pause();
    while (dropped(port.counters) === 0) rig.send(port, frameOf(1000));
    expect(port.counters.drops['budget-full']).toBe(1);
  });

  it('stays within what all ports may keep together, but for the one frame that each has on its way', async () => {
    const rig = new Rig(new ManualClock());
    rig.budget.charge(rig.budget.limit - 500_000);
    const { ports, listener } = await listenAt(rig);
    const clients = [];
    for (let i = 0; i < 8; i++) clients.push(await dial(listener.address));
    for (const { client } of clients) client.pause();
    const all = await Promise.all(clients.map(() => ports.next()));
    for (const port of all) collect(port);
    while (!all.every((port) => dropped(port.counters) > 0)) {
      for (const port of all) rig.send(port, ...Array.from({ length: 64 }, () => frameOf(9000)));
      expect(rig.budget.used).toBeLessThanOrEqual(rig.budget.limit + 8 * 9000);
      await new Promise(setImmediate);
    }
    for (const { client } of clients) client.resume();
    await eventually(() => expect(rig.budget.used).toBe(rig.budget.limit - 500_000));
  });

  it('has one frame at a time on its way, and all others where ports can take, once half of the budget is used', async () => {
    const rig = new Rig();
    const { port, client, socket } = await connected(rig);
    collect(port);
    const far = collect(new WebSocketPort(client, socket, 'far', rig.environment));
    rig.budget.charge(rig.budget.limit / 2);
    const sent = Array.from({ length: 10 }, (_, i) => frameOf(1000, i));
    rig.send(port, ...sent);
    expect(port.counters.sentFrames).toBe(1);
    await far.count(10);
    expect(sameFrames(far.frames, sent)).toBe(true);
  });

  it('gives back what waited when it dies', async () => {
    const rig = new Rig();
    const { port, client, socket } = await connected(rig);
    client.pause();
    const here = collect(port);
    while (dropped(port.counters) === 0) rig.send(port, ...Array.from({ length: 64 }, () => frameOf(9000)));
    expect(rig.budget.used).toBeGreaterThan(0);
    socket.resetAndDestroy();
    expect(await here.ended()).toMatch(/ECONNRESET|EPIPE/);
    await eventually(() => expect(rig.budget.used).toBe(0));
  });

  it('asks a silent far end for a sign of life, and ends without one', async () => {
    const clock = new ManualClock();
    const rig = new Rig(clock);
    const { port, client } = await connected(rig);
    const here = collect(port);
    for (let i = 0; i < 10; i++) {
      const asked = once(client, 'ping');
      clock.advance(5000);
      await asked;
    }
    expect(here.reason).toBeUndefined();
    // It hears no more, so it answers no more.
    client.pause();
    await new Promise(setImmediate);
    clock.advance(25_000);
    expect(await here.ended()).toBe('no sign of life from the far end');
  });

  it('leaves no timer when it ends', async () => {
    const clock = new ManualClock();
    const rig = new Rig(clock);
    const { port, client } = await connected(rig);
    const here = collect(port);
    expect(clock.timers).toBe(1);
    client.close();
    await here.ended();
    expect(clock.timers).toBe(0);
  });

  it('tells a client that it ends', async () => {
    const rig = new Rig();
    const { port, client } = await connected(rig);
    collect(port);
    const closed = once(client, 'close');
    await port[Symbol.asyncDispose]();
    expect((await closed)[0]).toBe(1001);
  });

  it('survives what a hostile client does with pings', async () => {
    const rig = new Rig();
    const { port, socket } = await connected(rig);
    const here = collect(port);
    socket.pause();
    const pings = Buffer.concat(Array.from({ length: 10_000 }, () => Buffer.from([0x89, 0x80, 1, 2, 3, 4])));
    for (let i = 0; i < 200 && here.reason === undefined; i++) {
      await new Promise((resolve) => socket.write(pings, resolve));
    }
    await here.ended();
  });
});
