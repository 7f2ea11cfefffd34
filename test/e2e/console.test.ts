import { describe, expect, it } from 'vitest';
import { useStage } from './stage.ts';

describe('the console of our vde_switch, for the original clients', { timeout: 60_000 }, () => {
  const stage = useStage(['unixterm', 'unixcmd', 'vdeterm', 'vde_autolink', 'script']);
  const serve = async (): Promise<string> => {
    await stage.vdeSwitch('-s', stage.path('sw'), '-M', stage.path('mgmt'), '--nostdin');
    return stage.path('mgmt');
  };

  it('unixterm shows its replies', async () => {
    const terminal = stage.start(['unixterm', await serve()]);
    terminal.stdin.write('port/showinfo\n');
    await terminal.line(/^Numports=32$/);
    terminal.stdin.write('port/create 40\n');
    await terminal.line(/^vde\$ 1022 Invalid argument$/);
    terminal.stdin.write('logout\n');
    // It may see that the session is over before it reads its last line.
    expect(await terminal.exit).toEqual({ status: 0, signal: null });
  });

  it('vdecmd gets the data of a command', async () => {
    const { text } = await stage.run(['unixcmd', '-s', await serve(), '-f', '/etc/vde2/vdecmd', 'port/showinfo']);
    expect(text.replaceAll('\0', '').trim().split('\n')).toEqual(['Numports=32', 'HUB=false', 'counters=true']);
  });

  it('vdeterm, on a terminal, sends commands without a line end, and shows events', async () => {
    const terminal = stage.start(['script', '-qec', `vdeterm ${await serve()}`, '/dev/null']);
    await terminal.line(/^etherloom/);
    terminal.stdin.write('debug/add port\r');
    await terminal.line(/Success/);
    terminal.stdin.write('port/create 5\r');
    await terminal.line(/DBG MSG: port\/\+ 05/);
    terminal.stdin.write('port/showinfo\r');
    await terminal.line(/Numports=32/);
    // From the table of commands that it read at the beginning.
    terminal.stdin.write('port/allp\t 5\r');
    await terminal.line(/Port 0005 untagged_vlan=0000 INACTIVE/);
    terminal.stdin.write('\u0004');
    await terminal.exit;
  });

  it('vde_autolink takes it for its own, and leaves nothing', async () => {
    const mgmt = await serve();
    const autolink = stage.start(['vde_autolink', '-s', stage.path('sw'), '-S', mgmt, '-M', stage.path('auto')]);
    const own = stage.start(['sh', '-c', `until [ -S ${stage.path('auto')} ]; do sleep 0.05; done; exec unixterm ${stage.path('auto')}`]);
    await own.line(/^VDE autolink/);
    own.stdin.write('showwires\n');
    await own.line(/1000 Success/);
    own.stdin.write('shutdown\n');
    await autolink.exit;
    const { text } = await stage.run(['unixcmd', '-s', mgmt, '-f', '/etc/vde2/vdecmd', 'port/allprint']);
    expect(text.replaceAll('\0', '')).toBe('');
  });
});
