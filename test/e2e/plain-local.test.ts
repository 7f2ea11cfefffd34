import { describe, expect, it } from 'vitest';
import { actAs } from '../rights.ts';
import type { Running } from './running.ts';
import { bin, freePort, useStage } from './stage.ts';

describe('a master that listens at all addresses, without --plain', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  const open = async (): Promise<{ readonly master: Running; readonly port: number }> => {
    const port = await freePort();
    const place = ['--sock', stage.path('m'), '--state', stage.path('m.state')];
    return { port, master: await stage.etherloom('master', '--listen', `[::]:${port}`, '--subnet', '10.77.0.0/24', ...place) };
  };

  it('takes plain slaves of its user on this machine, control and link at its one port', async () => {
    const { port } = await open();
    for (const [id, host] of [
      [1, '127.0.0.1'],
      [2, '[::1]'],
    ] as const) {
      const place = ['--sock', stage.path(`s${id}`), '--state', stage.path(`s${id}.state`)];
      const slave = await stage.etherloom('slave', '--master', `${host}:${port}`, ...place);
      await slave.line(new RegExp(`^id ${id}$`));
      await slave.line(/"msg":"linked to /);
      // The DHCP server of the master answers through the link.
      const station = await stage.etherloom('station', '--sock', stage.path(`s${id}`), '--id', String(id));
      await station.line(/ready, 10\.77\.0\.\d+/);
      expect(slave.lines.join('\n')).not.toContain('no master at');
    }
  });

  it('refuses the plain slaves of another user', async (context) => {
    if (process.geteuid?.() !== 0) return void context.skip('only root can run a process of another user');
    const actor = actAs('a user in two groups', context);
    const { master, port } = await open();
    const words = ['slave', '--master', `127.0.0.1:${port}`, '--sock', actor.path('s'), '--state', actor.path('s.state')];
    const slave = stage.start(actor.command([bin('etherloom'), ...words]));
    await slave.line(
      /refused this slave: the master takes no plain connection from here: .* comes from another user, uid \d+; join this star by its line/,
    );
    expect(await slave.exit).toMatchObject({ status: 1 });
    await master.line(/refused a plain control connection from .*another user/);
    expect((await stage.run([bin('etherloom'), 'group', '--json', '--state', stage.path('m.state')])).text).not.toContain('"id":1');
  });
});
