import { closeSync } from 'node:fs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { nextTurn } from '../../src/clock.ts';
import { maxStreamFrame, vdeFraming } from '../../src/ports/pure/frame-stream.ts';
import type { StreamOwner } from '../../src/ports/stream/stream-port.ts';
import { StreamPort } from '../../src/ports/stream/stream-port.ts';
import { TlsChannel } from '../../src/ports/stream/tls-channel.ts';
import { openssl } from '../../src/system/openssl.ts';
import type { Ready } from '../../src/system/readiness.ts';
import { StreamMemory } from '../../src/system/stream-socket.ts';
import type { TlsOptions } from '../../src/system/tls-context.ts';
import { eventually } from '../eventually.ts';
import { context, openPair, openUnixPair, protocol, shake } from '../system/tls-stage.ts';
import { conforms } from './conformance.ts';
import { collect, frameOf, Rig, sameFrames, using } from './rig.ts';
import { bothTake, encodeFrames } from './stream-stage.ts';

/** Returns the channels of a session whose handshake is done. */
function channels(rig: Rig, options: Partial<TlsOptions> = {}): [TlsChannel, TlsChannel] {
  const [near, far] = openPair();
  const [dialling, accepting] = [context(options).connect(near, protocol), context(options).accept(far)];
  expect(shake(dialling, accepting)).toEqual(['done', 'done']);
  return [new TlsChannel(dialling, near, rig.environment), new TlsChannel(accepting, far, rig.environment)];
}

/** Returns a port on that channel. */
function portOn(rig: Rig, channel: TlsChannel, owner: Partial<StreamOwner> = {}): StreamPort {
  const port = new StreamPort({ module: 'tls', description: 'test', framing: vdeFraming }, rig.environment, {
    lost: (reason) => port.end(reason),
    released: () => undefined,
    ...owner,
  });
  port.connect(channel);
  return port;
}

conforms({
  name: 'a link through TLS',
  injects: true,
  farGone: 'closed',
  farSeesDown: 'carrier',
  maxFrame: maxStreamFrame,
  open(rig) {
    const [near, beyond] = channels(rig);
    const [port, far] = [portOn(rig, near), portOn(rig, beyond)];
    const memory = new StreamMemory(100);
    const inject = (octets: Uint8Array): void => {
      const encoded = encodeFrames([octets]);
      memory.octets.set(encoded);
      expect(beyond.send(memory, 0, encoded.length)).toBe(encoded.length);
    };
    return Promise.resolve({ port, far, inject, settled: bothTake(maxStreamFrame, port, far) });
  },
});

describe('a channel through TLS', () => {
  it('is ready again for the octets that wait in OpenSSL, when no more come from the network, and lets others have their turn', async () => {
    const rig = new Rig();
    const [near, far] = channels(rig);
    const [otherNear, otherFar] = channels(rig);
    const from = portOn(rig, near);
    const other = portOn(rig, otherNear);
    const order: string[] = [];
    const [to, otherTo] = [portOn(rig, far), portOn(rig, otherFar)];
    for (const port of [from, other, to, otherTo]) using(port);
    // All of it is with the kernel before any of it is read, and OpenSSL takes it in one piece.
    rig.send(from, ...Array.from({ length: 12 }, (_, i) => frameOf(9_000, i)));
    rig.send(other, frameOf(60));
    const there = collect(to, () => order.push('first'));
    const otherThere = collect(otherTo, () => order.push('other'));
    await Promise.all([there.count(12), otherThere.count(1)]);
    expect(
      sameFrames(
        there.frames,
        Array.from({ length: 12 }, (_, i) => frameOf(9_000, i)),
      ),
    ).toBe(true);
    expect(order.at(-1)).toBe('first');
  });

  it('changes keys under a full load in both directions, and every frame arrives in order', async () => {
    const rig = new Rig();
    const [near, far] = channels(rig, { keyUpdateAfter: 2 ** 4 });
    const [a, b] = [using(portOn(rig, near)), using(portOn(rig, far))];
    const [here, there] = [collect(a), collect(b)];
    await bothTake(maxStreamFrame, a, b)();
    const frames = Array.from({ length: 64 }, (_, i) => frameOf(60 + i * 128, i));
    for (let turn = 1; turn <= 60; turn++) {
      rig.send(a, ...frames);
      rig.send(b, ...frames);
      await Promise.all([there.count(64 * turn), here.count(64 * turn)]);
    }
    const all = Array.from({ length: 60 }, () => frames).flat();
    expect(sameFrames(there.frames, all) && sameFrames(here.frames, all)).toBe(true);
  });

  it('waits for room to receive, and not in vain for octets, while a key update of its own has no room', async () => {
    const rig = new Rig();
    const made = vi.spyOn(openssl(), 'newSession');
    onTestFinished(() => made.mockRestore());
    const [near, beyond] = openUnixPair();
    const [dialling, accepting] = [context().connect(near, protocol), context().accept(beyond)];
    shake(dialling, accepting);
    const session = made.mock.results[0]?.value as number;
    const channel = new TlsChannel(dialling, near, rig.environment);
    const memory = new StreamMemory(2 ** 16);
    // Even one octet more has no room.
    for (const size of [2 ** 16, 1]) while (typeof memory.send(near, 0, size) === 'number');
    expect(openssl().updateKey(session, 0)).toBe(1);
    const told: Ready[] = [];
    let woken: () => void = () => undefined;
    const watch = channel.watch({ readable: true, writable: false }, (ready) => {
      told.push(ready);
      rig.environment.loop.streams.rewind(1);
      if (channel.receive(rig.environment.loop.streams, new Uint8Array(0)) !== 'EAGAIN') woken();
    });
    expect(memory.sendTo(accepting, 0, 60)).toBe(60);
    await eventually(() => expect(dialling.receiveNeedsRoom).toBe(true));
    const before = told.length;
    // The descriptor is readable all the time, which is of no use.
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    expect(told.length).toBe(before);
    const received = new Promise<void>((resolve) => (woken = resolve));
    while (memory.receive(beyond, 0, 2 ** 16) !== 'EAGAIN');
    await received;
    expect(dialling.receiveNeedsRoom).toBe(false);
    watch[Symbol.dispose]();
    channel[Symbol.dispose]();
    accepting[Symbol.dispose]();
    closeSync(beyond);
  });
});
