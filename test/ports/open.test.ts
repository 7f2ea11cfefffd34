import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drivers, hostReached, open } from '../../src/ports/open.ts';
import { Ports, Rig } from './rig.ts';

const documented = readFileSync(join(import.meta.dirname, '../../docs/ports.md'), 'utf8');

describe.each(drivers)('the driver of $form', ({ scheme, form, summary }) => {
  it('is told apart by its scheme, and says how it is written and what it does', () => {
    expect(drivers.filter((other) => other.scheme === scheme).length).toBe(1);
    expect(form.startsWith(`${scheme}://`)).toBe(true);
    expect(summary).not.toBe('');
  });

  it('is in the documentation', () => {
    expect(documented).toContain(`\`${scheme}://`);
  });
});

describe('the address of a port', () => {
  it.each(['', 'tcp', 'tcp://', 'tcp:/127.0.0.1:7000', 'ssh://127.0.0.1:22', '/run/a'])(
    'is not %j: the error lists what is one',
    async (address) => {
      const { environment } = new Rig();
      const error: unknown = await open(address, environment, new Ports()).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'bad-address' });
      for (const { form } of drivers) expect(String(error)).toContain(form);
    },
  );

  it.each(['qemu://a', 'qemu://a,b,c', 'qemu://,b'])('is refused with the form of its driver: %s', async (address) => {
    const { environment } = new Rig();
    await expect(open(address, environment, new Ports())).rejects.toThrow(/write it as qemu:\/\/LOCAL,REMOTE/);
  });

  it.each([
    ['tcp://10.0.0.1:7', '10.0.0.1'],
    ['tcp-listen://[::1]:7', '::1'],
    ['qemu-stream://host:7', 'host'],
    ['qemu-stream-listen://127.0.0.1:7', '127.0.0.1'],
    ['qemu-stream:///run/nic', undefined],
    ['vde:///run/a', undefined],
    ['tap://tap0', undefined],
  ])('says which host its frames reach: %s', (address, host) => {
    expect(hostReached(address)?.host).toBe(host);
  });
});
