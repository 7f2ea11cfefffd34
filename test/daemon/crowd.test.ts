import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { quietLog } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import { SwitchService } from '../../src/daemon/switch-service.ts';
import { encodeVdeRequest } from '../../src/ports/vde/vde-control.ts';
import { eventually } from '../eventually.ts';
import { missing } from '../e2e/peers.ts';
import { descriptors, newDirectory, using } from '../ports/rig.ts';
import { ask, connect, Stream } from '../ports/vde-stage.ts';

const random = { uint32: () => 1 };

function open(): Promise<SwitchService> {
  const directory = join(newDirectory(), 's');
  return SwitchService.open({ directory, numports: 300 }, { clock: realClock, random, log: quietLog }).then(using);
}

function portsOf({ plane }: SwitchService): number {
  return [...plane.ports.endpoints()].length;
}

/** Runs `one` so many times, `width` at a time. */
async function crowd(size: number, width: number, one: (i: number) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < size; i += width) await Promise.all(Array.from({ length: width }, (_, j) => one(i + j)));
}

async function leavesNothing(service: SwitchService, before: number): Promise<void> {
  await eventually(() => expect(portsOf(service)).toBe(0));
  await eventually(() => expect(readdirSync(service.directory)).toEqual(['ctl']));
  expect(descriptors()).toBe(before);
  const next = await connect(service.directory);
  expect(portsOf(service)).toBe(1);
  next[Symbol.dispose]();
}

describe('a switch', { timeout: 60_000 }, () => {
  it('keeps nothing of 10,000 clients that it refused', async () => {
    const service = await open();
    const before = descriptors();
    const garbage = Buffer.alloc(150, 'garbage');
    await crowd(5000, 50, async () => {
      const stream = new Stream(service.directory);
      stream.write(garbage);
      expect((await stream.read()).length).toBe(0);
      stream[Symbol.dispose]();
    });
    await crowd(5000, 50, async () => expect(await ask(service.directory, 299_999)).toBeUndefined());
    await leavesNothing(service, before);
  });

  it('keeps nothing of 10,000 clients that vanished: before they asked, while they asked, with a port', async () => {
    const service = await open();
    const before = descriptors();
    const request = encodeVdeRequest({ wish: 'any', path: join(service.directory, 'nobody'), description: '' });
    await crowd(5000, 50, async (i) => {
      const stream = new Stream(service.directory);
      stream.write(request.subarray(0, i % request.length));
      stream[Symbol.dispose]();
      // So many turns of the loop take in what a wave of clients left at the door.
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    });
    await crowd(5000, 50, async () => {
      const client = await connect(service.directory);
      client[Symbol.dispose]();
    });
    await leavesNothing(service, before);
  });

  it('keeps nothing of 200 vde_plug that were killed', async ({ skip }) => {
    const reason = missing(['vde_plug']);
    skip(reason !== undefined, reason);
    const service = await open();
    const before = descriptors();
    for (let group = 0; group < 10; group++) {
      const plugs = Array.from({ length: 20 }, () =>
        spawn('vde_plug', [`vde://${service.directory}`], { stdio: ['pipe', 'ignore', 'ignore'] }),
      );
      await eventually(() => expect(portsOf(service)).toBe(20));
      const gone = plugs.map((plug) => once(plug, 'close'));
      for (const plug of plugs) plug.kill('SIGKILL');
      await Promise.all(gone);
      await eventually(() => expect(portsOf(service)).toBe(0));
    }
    await leavesNothing(service, before);
  });
});
