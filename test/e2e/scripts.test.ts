import { lstatSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Plug } from './plug.ts';
import { bin, useStage } from './stage.ts';

/** Returns a broadcast frame from a station. */
function broadcast(station: number): Buffer {
  return Buffer.concat([Buffer.alloc(6, 0xff), Buffer.from([2, 0, 0, 0, 0, station, 0x88, 0xb5]), Buffer.alloc(46)]);
}

const mode = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8);

describe("Debian's hooks for ifupdown, as they are", { timeout: 60_000 }, () => {
  const hooks = ['/etc/network/if-pre-up.d/vde2', '/etc/network/if-post-down.d/vde2'];
  const stage = useStage(['unshare', 'ip', 'start-stop-daemon', 'unixcmd', 'vde_tunctl', ...hooks]);

  it('start our switch with a tap, and nothing of it is left when the interface is down', async ({ skip }) => {
    skip(process.geteuid?.() !== 0, 'only root can give files to the group vde2-net');
    // In the place of the original, in namespaces of its own.
    writeFileSync(stage.path('vde_switch'), `#!/bin/sh\nexec ${bin('vde_switch')} "$@"\n`, { mode: 0o755 });
    const script = `
      set -e
      mount -t tmpfs none /run
      mount --bind ${stage.path('vde_switch')} /usr/bin/vde_switch
      export IFACE=eltap METHOD=static IF_VDE2_SWITCH=-
      ${hooks[0]}
      cd /run/vde2
      stat -c '%n %a %U:%G' eltap.ctl eltap.ctl/ctl eltap.mgmt eltap.pid
      ip -o link show eltap | cut -d: -f2
      pgrep -x vde_switch -F eltap.pid >/dev/null && echo 'found by its name'
      start-stop-daemon --status --pidfile eltap.pid --name vde_switch && echo 'found by start-stop-daemon'
      ps -o sid= -p $(cat eltap.pid) | grep -qw $(cat eltap.pid) && echo 'leads its session'
      readlink /proc/$(cat eltap.pid)/cwd
      unixcmd -s eltap.mgmt -f /etc/vde2/vdecmd port/print 1 | tr -d '\\000' | grep endpoint || true
      pid=$(cat eltap.pid)
      # It knows processes by their executable, and ours is Node's: the switch sees that it is deserted.
      ${hooks[1]} 2>/dev/null
      tail --pid=$pid -f /dev/null
      ls /run/vde2`;
    const { status, text } = await stage.run(['unshare', '-nm', 'sh', '-c', script]);
    expect(text.split('\n')).toEqual([
      'eltap.ctl 2770 root:vde2-net',
      'eltap.ctl/ctl 660 root:vde2-net',
      'eltap.mgmt 660 root:vde2-net',
      'eltap.pid 644 root:vde2-net',
      ' eltap',
      'found by its name',
      'found by start-stop-daemon',
      'leads its session',
      '/',
      expect.stringMatching(/^ {2}-- endpoint ID \d{4} module tuntap {6}: eltap$/),
    ]);
    expect(status).toBe(0);
  });
});

describe('a switch as a test of NixOS starts it', () => {
  const stage = useStage([]);

  it('serves while its standard input is held open, and ends with it', async () => {
    const running = stage.start([bin('vde_switch'), '-s', stage.path('vde1.ctl'), '--dirmode', '0700']);
    await running.line(/^ready$/);
    expect([mode(stage.path('vde1.ctl')), mode(stage.path('vde1.ctl', 'ctl'))]).toEqual(['700', '600']);
    running.stdin.end();
    expect(await running.exit).toEqual({ status: 0, signal: null });
  });
});

describe('the VLANs of workers, as openQA sets them by the original vdecmd', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_plug', 'unixcmd']);
  const vdecmd = async (...command: string[]): Promise<string> =>
    (await stage.run(['unixcmd', '-s', stage.path('mgmt'), '-f', '/etc/vde2/vdecmd', ...command])).text;

  it('keep apart who is in different ones', async () => {
    const ours = await stage.vdeSwitch('-s', stage.path('sw'), '-M', stage.path('mgmt'), '--nostdin');
    const plugs: Plug[] = [];
    for (const port of [1, 2, 3]) {
      plugs.push(new Plug(stage, stage.path('sw')));
      await ours.line(new RegExp(`port ${port}: unix prog`));
    }
    await vdecmd('vlan/create', '10');
    for (const port of [1, 3]) await vdecmd('port/setvlan', String(port), '10');
    plugs[1]?.send(broadcast(2));
    plugs[0]?.send(broadcast(1));
    await plugs[2]?.hears('who is in its VLAN', (frame) => frame[11] === 1);
    expect(plugs[2]?.heard.map(({ frame }) => frame[11])).toEqual([1]);
    expect(plugs[1]?.heard).toEqual([]);
  });
});
