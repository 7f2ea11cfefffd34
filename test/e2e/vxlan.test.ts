import { describe, expect, it } from 'vitest';
import { freePort as freeUdpPort } from '../ports/vxlan-stage.ts';
import { bin, until, useStage } from './stage.ts';

describe('switches that are joined by VXLAN', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  /** Starts a switch with a console, a name and these words. */
  const start = (name: string, ...words: readonly string[]): Promise<unknown> =>
    stage.etherloom('switch', '--sock', stage.path(name), '--mgmt', stage.path(`${name}.mgmt`), ...words);

  const ask = async (name: string, ...words: readonly string[]): Promise<string> =>
    (await stage.run([bin('vdecmd'), '-s', stage.path(`${name}.mgmt`), ...words])).text;

  it('are one network: three of them, and a plug as the fourth, in one mesh', async () => {
    const port = freeUdpPort();
    const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'];
    const address = (local: string): string => {
      const others = hosts.filter((host) => host !== local);
      return `vxlan://${others.join(',')}?vni=77&port=${port}&local=${local}`;
    };
    const [one = '', two = '', three = '', four = ''] = hosts;
    await start('one', '--dhcp', '10.77.0.0/24', '--state', stage.path('one.state'), '--port', address(one));
    await start('two', '--port', address(two));
    await start('three');
    await ask('three', 'link/add', address(three));
    expect(await ask('three', 'port/allprint')).toMatch(/module vxlan\s+: 127\.0\.0\.1,127\.0\.0\.2,127\.0\.0\.4\?vni=77/);
    await start('four');
    const slashes = address(four).replaceAll(/[?&]/g, '/');
    stage.start([bin('vde_plug'), stage.path('four'), slashes]);
    // The DHCP server of the first answers behind each of them.
    for (const [id, sock] of ['two', 'three', 'four'].entries()) {
      const station = await stage.etherloom('station', '--sock', stage.path(sock), '--id', String(id + 1));
      await station.line(/ready, 10\.77\.0\.\d+/);
    }
  });

  it('count frames of hosts and networks that are not theirs, by reason', async () => {
    const port = freeUdpPort();
    await start('one', '--port', `vxlan://127.0.0.2?vni=7&port=${port}&local=127.0.0.1`);
    await start('two', '--port', `vxlan://127.0.0.1?vni=8&port=${port}&local=127.0.0.2`);
    await stage.etherloom('station', '--sock', stage.path('two'), '--id', '1').catch(() => undefined);
    await until('the frames of network 8 are counted', async () => /stranger=[1-9]/.test(await ask('one', 'port/drops')));
  });

  it('are refused beyond this machine without plain=yes, and an address in use is named', async () => {
    const at = (address: string): readonly string[] => [bin('etherloom'), 'switch', '--sock', stage.path('s'), '--port', address];
    expect((await stage.run(at('vxlan://192.0.2.1?vni=7'))).text).toMatch(
      /write vxlan:\/\/192\.0\.2\.1\?vni=7&plain=yes, or give --plain, if the network is private/,
    );
    expect((await stage.run(at('vxlan://127.0.0.1?vni=7&learn=any'))).text).toMatch(/the way to 0\.0\.0\.0 could read and send them/);
    const port = freeUdpPort();
    const address = `vxlan://127.0.0.2?vni=7&port=${port}`;
    await start('one', '--port', address);
    expect((await stage.run(at(address))).text).toMatch(
      new RegExp(
        `cannot receive at 0\\.0\\.0\\.0 port ${port}: another program or port uses it; give another port= on both sides, or another local=`,
      ),
    );
  });
});
