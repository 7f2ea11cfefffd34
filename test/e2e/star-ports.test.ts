import { describe, expect, it } from 'vitest';
import { bin, freePort, useStage } from './stage.ts';

describe('the ports of a master and of a slave', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  const words = (name: string, ...args: readonly string[]): string[] => [
    ...args,
    '--sock',
    stage.path(name),
    '--state',
    stage.path(`${name}.state`),
  ];

  it('join other switches to the star', async () => {
    const [link, door] = [await freePort(), await freePort()];
    const listen = `tcp-listen://127.0.0.1:${door}`;
    await stage.etherloom(...words('m', 'master', '--listen', `127.0.0.1:${link}`, '--subnet', '10.77.0.0/24', '--port', listen));
    await stage.etherloom('switch', '--sock', stage.path('a'), '--port', `tcp://127.0.0.1:${door}`);
    await stage.etherloom(...words('s', 'slave', '--master', `127.0.0.1:${link}`, '--port', `qemu-stream-listen://${stage.path('door')}`));
    await stage.etherloom('switch', '--sock', stage.path('b'), '--port', `qemu-stream://${stage.path('door')}`);
    // The DHCP server of the master answers behind both ports.
    for (const [id, sock] of [
      [2, 'a'],
      [1, 'b'],
    ] as const) {
      const station = await stage.etherloom('station', '--sock', stage.path(sock), '--id', String(id));
      await station.line(/ready, 10\.77\.0\.\d+/);
    }
  });

  it.each(['master', 'slave'])('need plain=yes beyond this machine: --plain of a %s is for the links of the star', async (role) => {
    const link = await freePort();
    const star = role === 'master' ? ['--listen', `127.0.0.1:${link}`, '--subnet', '10.77.0.0/24'] : ['--master', `127.0.0.1:${link}`];
    const { status, text } = await stage.run([bin('etherloom'), ...words(role, role, ...star), '--plain', '--port', 'tcp://192.0.2.1:7']);
    expect(text).toMatch(/cannot open tcp:\/\/192\.0\.2\.1:7: .*; write tcp:\/\/192\.0\.2\.1:7\?plain=yes if the network is private/);
    expect(status).toBe(1);
  });
});
