import { closeSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectError, StreamMemory, StreamRing } from '../../src/system/stream-socket.ts';
import { ownName } from '../../src/system/socket-name.ts';
import { boundTcpSocket, connectTcp, tcpSocket } from '../../src/system/tcp-socket.ts';
import { accept, bindFile, connectPath, listen, streamSocket, type Fd } from '../../src/system/unix-socket.ts';
import { eventually } from '../eventually.ts';
import { closing, newDirectory } from './sockets.ts';

/** Two ends of a connection. */
function pair(): [Fd, Fd] {
  const path = join(newDirectory(), 's');
  const listener = closing(streamSocket());
  bindFile(listener, { path, mode: 0o600 });
  listen(listener, 1);
  const near = closing(streamSocket());
  connectPath(near, path);
  const far = accept(listener);
  if (far === undefined) throw new Error('nobody connected');
  return [near, far];
}

function send(fd: Fd, octets: Uint8Array): void {
  const memory = new StreamMemory(Math.max(octets.length, 65));
  memory.octets.set(octets);
  expect(memory.send(fd, 0, octets.length)).toBe(octets.length);
}

const nothing = new Uint8Array(0);

describe('octets through a stream socket', () => {
  it('go from one memory to another, from where and to where is said', () => {
    const [near, far] = pair();
    const memory = new StreamMemory(100);
    memory.octets.set([1, 2, 3, 4], 10);
    expect(memory.send(near, 11, 13)).toBe(2);
    expect(memory.receive(far, 50, 100)).toBe(2);
    expect([...memory.octets.subarray(49, 53)]).toEqual([0, 2, 3, 0]);
    expect(memory.receive(far, 50, 100)).toBe('EAGAIN');
  });

  it('are taken as far as the system has room, and none to who is gone, without a signal', () => {
    const [near, far] = pair();
    const memory = new StreamMemory(2 ** 20);
    const taken = memory.send(near, 0, 2 ** 20);
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(2 ** 20);
    expect(memory.send(near, 0, 2 ** 20)).toBe('EAGAIN');
    memory.receive(far, 0, 2 ** 20);
    closeSync(far);
    expect(memory.send(near, 0, 1)).toBe('EPIPE');
  });
});

describe('a ring for streams', () => {
  it('gives what comes in one round places of its own, each behind what was left', () => {
    const ring = new StreamRing();
    const [near, far] = pair();
    ring.rewind(1);
    send(near, new Uint8Array([1, 2, 3]));
    expect(ring.next).toBe(0);
    expect(ring.receive(far, nothing)).toBe(3);
    send(near, new Uint8Array([5, 6]));
    expect(ring.next).toBe(3);
    expect(ring.receive(far, new Uint8Array([4]))).toBe(6);
    expect([...ring.octets.subarray(0, 6)]).toEqual([1, 2, 3, 4, 5, 6]);
    ring.rewind(1);
    expect(ring.next).toBe(0);
    expect(ring.receive(far, nothing)).toBe('EAGAIN');
  });

  it('shares a round among its sockets, and has no room for more than it holds', () => {
    const ring = new StreamRing();
    const pairs = Array.from({ length: 40 }, () => pair());
    for (const [near] of pairs) send(near, new Uint8Array(70_000));
    ring.rewind(pairs.length);
    const ends = pairs.map(([, far]) => ring.receive(far, nothing));
    const got = ends.filter((end): end is number => typeof end === 'number');
    expect(got.map((end, i) => end - (got[i - 1] ?? 0))).toEqual(got.map(() => 16_384));
    expect(got.length).toBeGreaterThan(30);
    // The others are told again in the next round.
    expect(ends.slice(got.length)).toEqual(ends.slice(got.length).map(() => 'EAGAIN'));
    ring.rewind(1);
    expect(ring.receive(pairs[39]?.[1] ?? -1, nothing)).toBe(65_536);
  });

  it('tells the end of a stream', async () => {
    const ring = new StreamRing();
    const path = join(newDirectory(), 's');
    const listener = closing(streamSocket());
    bindFile(listener, { path, mode: 0o600 });
    listen(listener, 1);
    const node = connect(path);
    await eventually(() => expect(node.connecting).toBe(false));
    const fd = closing(accept(listener) ?? -1);
    node.end();
    await eventually(() => expect(ring.receive(fd, nothing)).toBe(0));
  });

  it('is overwritten as far as it was used', () => {
    const ring = new StreamRing();
    const [near, far] = pair();
    ring.rewind(1);
    send(near, new Uint8Array([1, 2]));
    ring.receive(far, nothing);
    ring.poison();
    expect([...ring.octets.subarray(0, 3)]).toEqual([0xa5, 0xa5, 0]);
  });
});

describe('a connection that was under way', () => {
  it('is told to have failed, by name, or not', async () => {
    const nobody = boundTcpSocket('127.0.0.1', 0, 3000);
    const { port } = ownName(nobody);
    listen(nobody, 1);
    const welcome = closing(tcpSocket('127.0.0.1', 3000));
    connectTcp(welcome, '127.0.0.1', port);
    expect(connectError(welcome)).toBeUndefined();
    closeSync(nobody);
    const refused = closing(tcpSocket('127.0.0.1', 3000));
    connectTcp(refused, '127.0.0.1', port);
    await eventually(() => expect(connectError(refused)).toBe('ECONNREFUSED'));
  });
});
