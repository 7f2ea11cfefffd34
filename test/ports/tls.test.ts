import { expect } from 'vitest';
import { maxStreamFrame, vdeFraming } from '../../src/ports/pure/frame-stream.ts';
import type { StreamOwner } from '../../src/ports/stream/stream-port.ts';
import { StreamPort } from '../../src/ports/stream/stream-port.ts';
import { TlsChannel } from '../../src/ports/stream/tls-channel.ts';
import { StreamMemory } from '../../src/system/stream-socket.ts';
import type { TlsOptions } from '../../src/system/tls-context.ts';
import { context, openPair, protocol, shake } from '../system/tls-stage.ts';
import { conforms } from './conformance.ts';
import type { Rig } from './rig.ts';
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
