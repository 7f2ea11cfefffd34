import { closeSync, openSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ByteChannel } from '../../../src/ports/stream/byte-channel.ts';
import type { ControlChannel } from '../../../src/star/channel.ts';
import { Newcomers } from '../../../src/star/node/newcomers.ts';
import { eventually } from '../../eventually.ts';
import { Rig } from '../../ports/rig.ts';
import { welcome } from './door-stage.ts';

/** A channel whose far end is gone, on a descriptor that closes with it. */
function goneChannel(): ByteChannel & { isOpen: boolean } {
  const socket = openSync('/dev/null', 'r');
  const watch = { want: () => undefined, [Symbol.dispose]: () => undefined };
  return {
    isOpen: true,
    socket,
    receive: () => 'EAGAIN',
    send: () => 'EPIPE',
    watch: () => watch,
    [Symbol.dispose]() {
      this.isOpen = false;
      closeSync(socket);
    },
  };
}

describe('a control connection', () => {
  it('has not joined by a welcome that finds its far end gone, and its descriptor is touched no more', async () => {
    const told: string[] = [];
    const taken: ControlChannel[] = [];
    const newcomers = new Newcomers(
      {
        places: 4,
        patience: 5000,
        control: (_caller, channel) => {
          taken.push(channel);
          return { heard: () => undefined, message: () => undefined, closed: (reason) => void told.push(reason) };
        },
        joined: () => void told.push('joined'),
        left: () => void told.push('left'),
      },
      new Rig().environment,
    );
    onTestFinished(() => newcomers[Symbol.dispose]());
    const channel = goneChannel();
    newcomers.enter({ caller: { plain: true, from: 'a test' }, channel, origin: 'a test', members: 0 });
    for (let i = 0; i < 2; i++) taken[0]?.send(welcome(1));
    expect(channel.isOpen).toBe(false);
    await eventually(() => expect(told).toEqual([expect.stringContaining('(EPIPE)')]));
    expect(newcomers.size).toBe(0);
  });
});
