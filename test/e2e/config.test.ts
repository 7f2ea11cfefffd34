import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bin, useStage, type Output } from './stage.ts';

describe('settings that are saved', { timeout: 60_000 }, () => {
  const stage = useStage([]);
  const vdecmd = (name: string, ...line: string[]): Promise<Output> =>
    stage.run([bin('vdecmd'), '-s', stage.path(`${name}.mgmt`), ...line]);
  const serve = (name: string, ...more: string[]) =>
    stage.etherloom('switch', '--sock', stage.path(name), '--mgmt', stage.path(`${name}.mgmt`), ...more);

  it('are those of the next switch with that --rcfile, and of the vde_switch with that -f', async () => {
    const first = await serve('a');
    for (const line of ['vlan/create 10', 'port/create 3', 'port/setvlan 3 10', 'fstp/setfstp 1', 'port/create 4', 'mirror/add 3 4 quiet'])
      expect(await vdecmd('a', ...line.split(' ')), line).toMatchObject({ status: 0 });
    const rc = stage.path('rc');
    expect(await vdecmd('a', 'config/save', rc)).toMatchObject({ status: 0 });
    const { text } = await vdecmd('a', 'config/show');
    const shown = await Promise.all(['port/allprint', 'vlan/allprint', 'mirror/print', 'fstp/showinfo'].map((line) => vdecmd('a', line)));
    await first.end();
    expect(readFileSync(rc, 'utf8').trim().split('\n')).toEqual([
      'vlan/create 10',
      'port/create 3',
      'port/setvlan 3 10',
      'port/create 4',
      'fstp/setfstp 1',
      'mirror/add 3 4 quiet',
    ]);
    await serve('b', '--rcfile', rc);
    expect((await vdecmd('b', 'config/show')).text).toBe(text);
    const again = await Promise.all(['port/allprint', 'vlan/allprint', 'mirror/print', 'fstp/showinfo'].map((line) => vdecmd('b', line)));
    const withoutMac = (outputs: readonly Output[]): string[] => outputs.map((output) => output.text.replace(/^MAC \S+/m, ''));
    expect(withoutMac(again)).toEqual(withoutMac(shown));
    await stage.vdeSwitch('-s', stage.path('c'), '-M', stage.path('c.mgmt'), '--nostdin', '-f', rc);
    expect((await vdecmd('c', 'mirror/print')).text).toContain('Port 3 to port 4 quiet');
  });
});
