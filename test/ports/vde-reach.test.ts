import { existsSync, lstatSync, readdirSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VdeClient } from '../../src/ports/vde/vde-client.ts';
import { reachablePath, unreachableReply } from '../../src/ports/vde/vde-reach.ts';
import { collect, descriptors, frameOf, newDirectory, sameFrames, using } from './rig.ts';
import { connect, serve, type Served } from './vde-stage.ts';

/** Serves a directory whose path has that many octets. */
function serveLong(octets: number): Served {
  const parent = newDirectory();
  return serve({ directory: join(parent, 'x'.repeat(octets - parent.length - 1)) });
}

describe('a switch whose directory has a long path', () => {
  it('serves our clients, both ways, and leaves nothing', async () => {
    const serveOne = async (): Promise<void> => {
      const { directory, listener, ports, rig } = serveLong(200);
      const client = await VdeClient.open({ directory }, rig.environment);
      const [near, far] = [collect(client), collect(await ports.next())];
      rig.send(client, frameOf(60));
      await far.count(1);
      rig.send(ports.ports[0] ?? client, frameOf(1514));
      await near.count(1);
      expect(sameFrames(near.frames, [frameOf(1514)]) && sameFrames(far.frames, [frameOf(60)])).toBe(true);
      expect(
        readdirSync(directory)
          .map((name) => name.replace(/\.\d+$/, '.N'))
          .sort(),
      ).toEqual(['001.N', 'ctl']);
      await client[Symbol.asyncDispose]();
      await far.ended();
      await listener[Symbol.asyncDispose]();
      expect(existsSync(directory)).toBe(false);
    };
    // The thread that wakes all loops, where there is one, is started by the first and stays.
    await serveOne();
    const before = descriptors();
    await serveOne();
    expect(descriptors()).toBe(before);
  });

  it('serves them by a link, too', async () => {
    const { directory, rig } = serveLong(150);
    const link = join(newDirectory(), 'link');
    symlinkSync(directory, link);
    using(await VdeClient.open({ directory: link }, rig.environment));
  });

  it("tells a port's own path where the name of a socket holds it, and one through its process where not", async () => {
    const { directory } = serveLong(97);
    const short = await connect(directory);
    expect(short.path).toBe(join(directory, basename(short.path)));
    const long = await connect(serveLong(103).directory);
    expect(long.path).toMatch(new RegExp(`^/proc/${process.pid}/fd/\\d+/001\\.\\d+$`));
  });

  it.each([
    [100, undefined],
    [
      101,
      /^the sockets of ports, such as .*\/001\.10, have 108 octets .* holds 107: .* only as the switch's user or root; .*at most 98 octets/,
    ],
    [103, /have 110 octets/],
    [
      104,
      /ctl has 108 octets, and .* holds 107: etherloom's own commands can connect to it, but QEMU .* cannot; .*at most 98 octets with --sock/,
    ],
    [250, /ctl has 254 octets/],
  ])('of %i octets warns of who cannot connect: %s', (octets, warning) => {
    const { rig } = serveLong(octets);
    if (warning === undefined) expect(rig.logged).toEqual([]);
    else expect(rig.logged).toEqual([expect.stringMatching(warning)]);
  });

  it('warns of a client of another user that may be unable to follow the path, and of no other', () => {
    const told = '/proc/77/fd/9/001.17';
    const [directory, own] = [`/${'x'.repeat(102)}`, process.geteuid?.() ?? 0];
    expect(unreachableReply(told, directory, { uid: own + 1, pid: 5 })).toMatch(
      new RegExp(`^the client of uid ${own + 1}, pid 5 was told ${told}, since .* only as the switch's user or root`),
    );
    expect(unreachableReply(told, directory, { uid: own, pid: 5 })).toBeUndefined();
    expect(unreachableReply(told, directory, { uid: 0, pid: 5 })).toBeUndefined();
    expect(unreachableReply('/tmp/s/001.17', '/tmp/s', { uid: own + 1, pid: 5 })).toBeUndefined();
    expect(unreachableReply(told, `/${'x'.repeat(103)}`, { uid: own + 1, pid: 5 })).toBeUndefined();
  });

  it('is followed by our clients in the directory that they know', () => {
    expect(reachablePath('/proc/77/fd/9/001.17', './sw')).toBe('sw/001.17');
    expect(reachablePath('/tmp/sw/001.17', './sw')).toBe('/tmp/sw/001.17');
    expect(reachablePath('/proc/77/fd/9/../../x', './sw')).toBe('/proc/77/fd/9/../../x');
  });

  it('has the modes that it was given', async () => {
    const parent = newDirectory();
    const { directory } = serve({ directory: join(parent, 'x'.repeat(150)), mode: 0o660, gid: process.getegid?.() });
    const modes = ['', 'ctl'].map((name) => (lstatSync(join(directory, name)).mode & 0o7777).toString(8));
    expect(modes).toEqual(['2770', '660']);
    await connect(directory, 'management');
    const port = readdirSync(directory).find((name) => name.startsWith('000.')) ?? '';
    expect((lstatSync(join(directory, port)).mode & 0o777).toString(8)).toBe('600');
  });
});
