import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { eventually } from '../../eventually.ts';
import { missing, temporaryDirectory } from './real-guest.ts';

const qemu = process.arch === 'x64' ? 'qemu-system-x86_64' : 'qemu-system-aarch64';
const reason = missing(qemu);

it.skipIf(reason)(`a QEMU that is started has the limit of descriptors of whoever started us${reason ? `: ${reason}` : ''}`, async () => {
  vi.resetModules();
  process.env['ETHERLOOM_CALLER'] = '654 0';
  const { startQemu } = await import('../../../src/launcher/guest/qemu-process.ts');
  const cwd = temporaryDirectory();
  const args = ['-S', '-M', 'none', '-nodefaults', '-display', 'none'];
  const { identity, child } = startQemu(qemu, args, { log: join(cwd, 'log'), cwd });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    process.kill(identity.pid, 'SIGKILL');
    await ended;
  });
  const read = (name: string): string => readFileSync(`/proc/${identity.pid}/${name}`, 'utf8');
  await eventually(() => expect(read('cmdline').split('\0')[0]).toBe(qemu));
  expect(read('limits')).toMatch(/^Max open files +654 /m);
  expect(read('environ')).not.toContain('ETHERLOOM_CALLER');
});
