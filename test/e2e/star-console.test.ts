import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bin, freePort, until, useStage, type Output } from './stage.ts';
import { Terminal } from './terminal.ts';

const ended = { status: 0, signal: null };

describe('the console of a master and of a slave', { timeout: 60_000 }, () => {
  const stage = useStage(['vdeterm', 'unixcmd', 'script', 'stty']);

  const words = (role: 'm' | 's', ...args: readonly string[]): string[] => [
    ...args,
    '--sock',
    stage.path(role),
    '--state',
    stage.path(`${role}.state`),
    '-M',
    stage.path(`${role}.mgmt`),
  ];
  const masterAt = (port: number): string[] => words('m', 'master', '--listen', `127.0.0.1:${port}`, '--subnet', '10.77.0.0/24');
  const vdecmd = (role: 'm' | 's', ...command: readonly string[]): Promise<Output> =>
    stage.run([bin('vdecmd'), '-s', stage.path(`${role}.mgmt`), ...command]);

  it('has drops, traces, captures, mirrors and spanning trees, where the hosts are', async () => {
    const port = await freePort();
    // A member must not send frames of spanning trees, unless it is open.
    const master = await stage.etherloom(...masterAt(port), '--open-member', '1');
    await stage.etherloom(...words('s', 'slave', '--master', `127.0.0.1:${port}`));
    // Port 1 is the link: what passes it is captured, and shown at port 9.
    for (const role of ['m', 's'] as const) {
      expect((await vdecmd(role, 'capture/start', '1', stage.path(`${role}.pcapng`))).text).toBe('');
      expect((await vdecmd(role, 'port/create', '9')).status).toBe(0);
      expect((await vdecmd(role, 'mirror/add', '1', '9')).status).toBe(0);
      expect((await vdecmd(role, 'mirror/print')).text).toContain('9');
    }
    const station = await stage.etherloom('station', '--sock', stage.path('s'), '--id', '1');
    await station.line(/ready, 10\.77\.0\.11/);
    expect((await vdecmd('m', 'port/drops', '1')).text).toMatch(/^Port 0001/);
    expect((await vdecmd('m', 'trace', '1', `02656c00000102656c00000188b5`)).text).toContain('drop');
    expect((await vdecmd('s', 'trace', '1', `02656c00000102656c00000588b5`)).text).toBe('VLAN 0: forward (station-known) to port 2');
    expect((await vdecmd('s', 'hash/find', '02:65:6c:00:00:01')).text).not.toBe('');
    for (const role of ['m', 's'] as const) {
      expect((await vdecmd(role, 'fstp/setfstp', '1')).status).toBe(0);
      expect((await vdecmd(role, 'showinfo')).text).toContain(`mgmt ${stage.path(`${role}.mgmt`)} perm 0600`);
      expect((await vdecmd(role, 'capture/stop', '1')).status).toBe(0);
      expect(readFileSync(stage.path(`${role}.pcapng`)).length).toBeGreaterThan(300);
    }
    const isLeaf = async (role: 'm' | 's'): Promise<boolean> => (await vdecmd(role, 'fstp/print')).text.includes('rootport 0001');
    await until('one of the two is the root of the other', async () => (await isLeaf('m')) !== (await isLeaf('s')));
    // An end by the console is a clean one.
    expect((await vdecmd('m', 'shutdown')).status).toBe(0);
    expect(await master.exit).toEqual(ended);
  });

  it('shows the star and its leases to our client and to the original one', async () => {
    const port = await freePort();
    await stage.etherloom(...masterAt(port));
    await stage.etherloom(...words('s', 'slave', '--master', `127.0.0.1:${port}`));
    const station = await stage.etherloom('station', '--sock', stage.path('s'), '--id', '1');
    await station.line(/ready, 10\.77\.0\.11/);
    const unixcmd = (role: 'm' | 's', command: string): Promise<Output> =>
      stage.run(['unixcmd', '-s', stage.path(`${role}.mgmt`), '-f', '/etc/vde2/vdecmd', command]);
    for (const ask of [vdecmd, unixcmd]) {
      // The original one shows the NUL that follows each line in its socket's buffer.
      const said = async (role: 'm' | 's', command: string): Promise<string> => (await ask(role, command)).text.replaceAll('\0', '');
      expect(await said('m', 'star/showinfo')).toContain(`link 127.0.0.1:${port}\ncontrol 127.0.0.1:${port + 1}\nmembers 1\njoined 1`);
      expect(await said('m', 'star/members')).toMatch(
        /^id 1 mac 02:65:6c:00:00:01 address 10\.77\.0\.11 joined \d+ from 127\.0\.0\.1:\d+$/m,
      );
      expect(await said('m', 'star/links')).toMatch(/^port 1 up \d+ received [1-9]\d* frames \d+ octets sent [1-9]\d* frames /m);
      expect(await said('m', 'dhcp/print')).toMatch(/^10\.77\.0\.11 bound mac 02:65:6c:00:00:01 port 1 left \d+/m);
      expect(await said('s', 'star/showinfo')).toMatch(/^role slave\nid 1\n(?:.*\n)*state joined \d+\nlink up \d+$/m);
    }
    expect((await vdecmd('s', 'star/guest')).status).toBe(6);
    expect((await vdecmd('s', 'dhcp/print')).status).toBe(38);
    expect((await vdecmd('m', 'dhcp/release', '10.77.0.11')).status).toBe(0);
    expect((await vdecmd('m', 'dhcp/find', '10.77.0.11')).text).toContain('10.77.0.11 is not leased');
  });

  it("is one for the original's tools", async () => {
    await stage.etherloom(...masterAt(await freePort()));
    const console = stage.path('m.mgmt');
    expect((await stage.run(['unixcmd', '-s', console, '-f', '/etc/vde2/vdecmd', 'ds/showinfo'])).text).toContain(stage.path('m'));
    const terminal = new Terminal(stage, 'vdeterm', console);
    await terminal.shows(/VDE switch V/);
    await terminal.type('vlan/create 7\r', /Success/);
    await terminal.type('port/drops\r', /Success/);
    terminal.running.stdin.write('logout\r');
    expect((await terminal.running.exit).status).toBe(0);
  });

  it('is there while a slave waits for its master', async () => {
    const slave = stage.start([bin('etherloom'), ...words('s', 'slave', '--master', `127.0.0.1:${await freePort()}`)]);
    await slave.line(/no master at control port/);
    expect((await vdecmd('s', 'vlan/create', '7')).status).toBe(0);
    expect(await slave.end()).toEqual(ended);
  });

  it('begins with the commands of --rcfile; the pid file is there until the end, and -d goes on in the background', async () => {
    const port = await freePort();
    writeFileSync(stage.path('rc'), 'vlan/create 10\n');
    const more = ['-f', stage.path('rc'), '-p', stage.path('pid'), '--daemon'];
    // With names that are relative to where it was started.
    const relative = ['--sock', 'm', '--state', 'm.state', '-M', 'm.mgmt', '-f', 'rc', '-p', 'pid', '--daemon'];
    const role = ['master', '--listen', `127.0.0.1:${port}`, '--subnet', '10.77.0.0/24'];
    const line = `cd "$0" && exec "$@"`;
    expect(await stage.run(['sh', '-c', line, stage.path(), bin('etherloom'), ...role, ...relative])).toMatchObject(ended);
    const master = Number(readFileSync(stage.path('pid'), 'utf8'));
    try {
      expect((await vdecmd('m', 'vlan/print', '10')).status).toBe(0);
      const slave = words('s', 'slave', '--master', `127.0.0.1:${port}`, ...more.map((word) => word.replace(/pid$/, 's.pid')));
      expect(await stage.run([bin('etherloom'), ...slave])).toMatchObject(ended);
      expect((await vdecmd('s', 'vlan/print', '10')).status).toBe(0);
      expect(existsSync(stage.path('m.state', 'group.journal'))).toBe(true);
      expect((await vdecmd('s', 'shutdown')).status).toBe(0);
    } finally {
      process.kill(master, 'SIGTERM');
    }
    await until('both pid files are gone', () => !existsSync(stage.path('pid')) && !existsSync(stage.path('s.pid')));
  });
});
