import { writeSync } from 'node:fs';
import { writeFrame, type Framing } from '../../src/ports/pure/frame-stream.ts';
import type { ListeningSocket, StreamEndpoint } from '../../src/ports/stream/stream-endpoint.ts';
import { StreamPort, type StreamLimits } from '../../src/ports/stream/stream-port.ts';
import { FdChannel } from '../../src/ports/stream/fd-channel.ts';
import { accept, type Fd } from '../../src/system/unix-socket.ts';
import { eventually } from '../eventually.ts';
import { expect } from 'vitest';
import type { Ports, Rig } from './rig.ts';

/** Returns the octets that carry these frames. */
export function encodeFrames(frames: readonly Uint8Array[], lengthSize: 2 | 4 = 2): Uint8Array {
  const octets = new Uint8Array(frames.reduce((size, frame) => size + lengthSize + frame.length, 0));
  let at = 0;
  for (const frame of frames) at = writeFrame(octets, at, frame, lengthSize);
  return octets;
}

/** Returns a connection to the endpoint, when it is there. */
export async function connectTo(rig: Rig, endpoint: StreamEndpoint): Promise<Fd> {
  const fd = await endpoint.connect();
  await ready(rig, fd, { readable: false, writable: true });
  return fd;
}

/** Returns the next connection that comes in there. */
export async function acceptFrom(rig: Rig, { fd }: ListeningSocket): Promise<Fd> {
  for (;;) {
    await ready(rig, fd, { readable: true, writable: false });
    const connection = accept(fd);
    if (connection !== undefined) return connection;
  }
}

/** Returns a far end on that connection: a port of ours, and a way past it. */
export function farEnd(
  rig: Rig,
  fd: Fd,
  framing: Framing,
  limits: StreamLimits = {},
): { far: StreamPort; inject: (octets: Uint8Array) => void } {
  const nobody = { lost: () => undefined, released: () => undefined };
  const far = new StreamPort({ ...limits, module: 'far', description: 'far', framing }, rig.environment, nobody);
  far.connect(FdChannel.onSocket(fd, rig.environment));
  return { far, inject: (octets) => void writeSync(fd, encodeFrames([octets], framing.lengthSize)) };
}

/** Returns the far end of a port that dials the endpoint, which is not there until it appears. */
export async function appearAt(rig: Rig, endpoint: StreamEndpoint, framing: Framing): Promise<StreamPort> {
  const listening = await endpoint.listen();
  const { far } = farEnd(rig, await acceptFrom(rig, listening), framing);
  listening.close();
  return far;
}

/** Returns the next port that was given, as what it is. */
export async function nextStream(ports: Ports): Promise<StreamPort> {
  const port = await ports.next();
  if (!(port instanceof StreamPort)) throw new Error('no port on a stream');
  return port;
}

/** Resolves when both have heard that the other takes frames of that length. */
export function bothTake(length: number, ...ports: readonly StreamPort[]): () => Promise<void> {
  return () => eventually(() => expect(ports.map(({ sendable }) => sendable)).toEqual(ports.map(() => length)));
}

function ready(rig: Rig, fd: Fd, interest: { readable: boolean; writable: boolean }): Promise<void> {
  return new Promise((resolve) => {
    const watch = rig.environment.loop.readiness.watch(fd, interest, () => {
      watch[Symbol.dispose]();
      resolve();
    });
  });
}
