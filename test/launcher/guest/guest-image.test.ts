import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildGuestImage, readGuestImage } from '../../../src/launcher/guest/guest-image.ts';
import { guestFiles } from '../../../src/launcher/guest/guest-init.ts';
import { launch } from './launch.ts';
import { guestImage, guestMissing, temporaryDirectory } from './real-guest.ts';

const quiet = { log: (): void => undefined };

/** Returns a directory that is not writable for other users. */
function openDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'el-image-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o755);
  if (process.getuid?.() === 0) chownSync(directory, 65534, 65534);
  return directory;
}

describe.skipIf(guestMissing !== undefined)(`buildGuestImage ${guestMissing ?? ''}`, () => {
  it('builds as a user without rights, a home or package lists, two at once', { timeout: 180_000 }, async () => {
    const directory = openDirectory();
    const lists = join(directory, 'lists');
    mkdirSync(lists);
    const apt = join(directory, 'apt.conf');
    writeFileSync(apt, `Dir::State::lists "${lists}";\n`);
    const target = join(directory, 'guest');
    const builders = [
      launch(['build', target], { unprivileged: true, env: { APT_CONFIG: apt } }),
      launch(['build', target], { unprivileged: true }),
    ];
    const answers = await Promise.all(builders.map(async (builder) => builder.answer));
    expect(builders[0]?.log()).toContain('fetching package lists');
    expect(answers[0]).toEqual({ version: expect.stringContaining('busybox-static') as string });
    expect(answers[1]).toEqual(answers[0]);
    expect(readdirSync(directory).sort()).toEqual(['apt.conf', 'guest', 'lists']);
    expect(readdirSync(target).sort()).toEqual(['guest.json', 'initrd.gz', 'vmlinuz']);
    // A guest that is whole is left alone.
    const { mtimeMs } = statSync(join(target, 'guest.json'));
    await buildGuestImage(target, quiet);
    expect(statSync(join(target, 'guest.json')).mtimeMs).toBe(mtimeMs);
  });

  it('puts the modules in the order in which they need each other', { timeout: 180_000 }, async () => {
    const archive = gunzipSync(readFileSync(join(await guestImage(), 'initrd.gz'))).toString('latin1');
    const modules = /(?:\/lib\/\w+\.ko\n)+/.exec(archive)?.[0].split('\n') ?? [];
    const place = (name: string): number => modules.indexOf(`/lib/${name}.ko`);
    expect(place('virtio_ring')).toBeGreaterThanOrEqual(0);
    expect(place('virtio')).toBeLessThan(place('virtio_pci'));
    expect(place('failover')).toBeLessThan(place('net_failover'));
    expect(place('net_failover')).toBeLessThan(place('virtio_net'));
  });
});

describe('a guest’s directory', () => {
  it('that holds something else is not touched', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'thesis.tex'), '');
    await expect(buildGuestImage(directory, quiet)).rejects.toMatchObject({ code: 'bad-option' });
    expect(readdirSync(directory)).toEqual(['thesis.tex']);
  });

  it.skipIf(guestMissing !== undefined)(`with a torn file holds no image ${guestMissing ?? ''}`, { timeout: 180_000 }, async () => {
    const directory = temporaryDirectory();
    expect(await readGuestImage(directory)).toBeUndefined();
    const image = await guestImage();
    for (const name of readdirSync(image)) writeFileSync(join(directory, name), readFileSync(join(image, name)));
    expect(await readGuestImage(directory)).toBeDefined();
    truncateSync(join(directory, 'vmlinuz'), 1000);
    expect(await readGuestImage(directory)).toBeUndefined();
  });

  it('is built with advice when apt is not there', async () => {
    const directory = temporaryDirectory();
    const path = process.env['PATH'];
    process.env['PATH'] = directory;
    onTestFinished(() => {
      process.env['PATH'] = path;
    });
    await expect(buildGuestImage(join(directory, 'guest'), quiet)).rejects.toMatchObject({
      code: 'missing-peer',
      message: expect.stringContaining('build it on a Debian machine') as string,
    });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('guestFiles', () => {
  it('has each directory before what is in it, and no variable of ours left in a script', () => {
    const seen = new Set<string>(['.']);
    for (const entry of guestFiles()) {
      expect(seen).toContain(entry.path.includes('/') ? entry.path.replace(/\/[^/]*$/, '') : '.');
      if (entry.kind === 'directory') seen.add(entry.path);
      if (entry.kind === 'file') expect(Buffer.from(entry.contents).toString()).not.toMatch(/undefined|\[object/);
    }
  });
});
