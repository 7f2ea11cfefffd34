import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { buildGuestImage, defaultGuestDirectory } from '../../../src/launcher/guest/guest-image.ts';
import type { GuestOptions } from '../../../src/launcher/guest/guest-process.ts';
import { lockFile } from '../../../src/system/file-lock.ts';
import { macFromNumber } from '../../../src/wire/mac.ts';

/**
 * Returns why tests that need these programs cannot run here, or undefined when they can. In CI everything is there: a missing one is an
 * error.
 */
export function missing(...programs: string[]): string | undefined {
  const absent = programs.filter((program) => spawnSync(program, ['--version']).error !== undefined);
  if (absent.length === 0) return undefined;
  if (process.env['CI'] !== undefined) throw new Error(`CI must have ${absent.join(', ')}`);
  return `skipped, no ${absent.join(', ')} here`;
}

/** The missing needs of a real guest. */
export const guestMissing = missing(process.arch === 'x64' ? 'qemu-system-x86_64' : 'qemu-system-aarch64', 'apt-get', 'dpkg-deb');

/** Returns the guest's image, made once per machine. */
export async function guestImage(): Promise<string> {
  const directory = defaultGuestDirectory();
  await buildGuestImage(directory, { log: () => undefined });
  return directory;
}

/** Returns a directory of that name in a new one with a short name, which goes when the test ends, with whatever QEMU still runs in it. */
export function temporaryDirectory(name = ''): string {
  const temporary = mkdtempSync(join(tmpdir(), 'el-'));
  const directory = join(temporary, name);
  mkdirSync(directory, { recursive: true });
  onTestFinished(() => {
    killGuestIn(join(directory, 'guest'));
    rmSync(temporary, { recursive: true, force: true });
  });
  return directory;
}

/** Options for a guest in a temporary directory, whose switch is not there. */
export function guestOptions(directory: string, image: string, more: Partial<GuestOptions> = {}): GuestOptions {
  mkdirSync(join(directory, 'nic'), { recursive: true, mode: 0o700 });
  return {
    id: 7,
    mac: macFromNumber(0x02_65_6c_00_00_07),
    image,
    state: join(directory, 'guest'),
    mtu: 1500,
    vdeDirectory: join(directory, 'switch'),
    nic: { local: join(directory, 'nic', 'q'), remote: join(directory, 'nic', 's') },
    accel: 'tcg',
    lock: lockFile,
    ...more,
  };
}

function killGuestIn(state: string): void {
  try {
    const pid = Number(readFileSync(join(state, 'qemu.pid'), 'utf8'));
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(state)) process.kill(pid, 'SIGKILL');
  } catch {
    // None runs.
  }
}
