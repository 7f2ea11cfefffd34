import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GuestImage } from '../../../src/launcher/guest/guest-image.ts';
import { chooseAccelerator, probeQemu } from '../../../src/launcher/guest/qemu-probe.ts';
import type { Qemu } from '../../../src/launcher/guest/qemu.ts';
import { guestMissing, temporaryDirectory } from './real-guest.ts';

const image: GuestImage = { kernel: '/nothing', initrd: '/nothing', architecture: 'x64', version: '1' };

const qemu = (...netdevs: string[]): Qemu => ({ program: 'qemu', version: '7.1.0', netdevs: new Set(netdevs) });

/** Returns a program that says this, and then does what the rest of the script says. */
function program(script: string): string {
  const path = join(temporaryDirectory(), 'qemu');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('probeQemu', () => {
  it('learns the version and what a card can be plugged into', async () => {
    const path = program(
      'case $1 in --version) echo "QEMU emulator version 8.2.1 (Debian)";; *) printf "Available:\\nsocket\\nvde\\n";; esac',
    );
    const found = await probeQemu('x64', path);
    expect(found.version).toBe('8.2.1');
    expect(found.netdevs.has('vde')).toBe(true);
    expect(found.netdevs.has('dgram')).toBe(false);
  });

  it('names the Debian package when QEMU is not there', async () => {
    const nowhere = join(temporaryDirectory(), 'qemu');
    await expect(probeQemu('x64', nowhere)).rejects.toMatchObject({
      code: 'missing-peer',
      message: expect.stringMatching(/apt-get install .*qemu-system-x86$/) as string,
    });
    await expect(probeQemu('arm64', nowhere)).rejects.toThrow('qemu-system-arm');
  });

  it.skipIf(guestMissing !== undefined)(`understands the QEMU of this machine ${guestMissing ?? ''}`, async () => {
    const found = await probeQemu(process.arch === 'x64' ? 'x64' : 'arm64');
    expect(found.version).toMatch(/^\d+\.\d+/);
    expect(found.netdevs.has('user')).toBe(true);
  });
});

describe('chooseAccelerator', () => {
  it('takes KVM only where a guest was seen to boot with it', async () => {
    const dies: Qemu = { ...qemu(), program: program('exit 1') };
    const told: string[] = [];
    const progress = { log: (message: string) => void told.push(message) };
    expect(await chooseAccelerator(dies, image, 'tcg', progress)).toBe('tcg');
    expect(told).toEqual([]);
    expect(await chooseAccelerator(dies, image, 'auto', progress)).toBe('tcg');
    await expect(chooseAccelerator(dies, image, 'kvm', progress)).rejects.toMatchObject({ code: 'not-permitted' });
    expect(told).toEqual(['no working KVM: guests run translated, which is slower']);
  });
});
