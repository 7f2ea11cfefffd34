import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bin, useStage } from '../e2e/stage.ts';

const dhcp = ['--dhcp', '10.77.0.0/24'];
const missing = 'has no effect without the DHCP server; add --dhcp SUBNET, as --dhcp 10.77.0.0/24';

describe('the options of the DHCP server', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  /** Runs a command that is to refuse what it is given; returns its status and what it printed. */
  const refused = async (...args: string[]): Promise<[number | null, string]> => {
    const { status, text } = await stage.run([bin('etherloom'), ...args]);
    return [status, text];
  };
  const master = (...more: string[]): string[] => [...stage.masterWords({ state: 'm.state' }), ...more];

  it.each([
    [['--router', '10.77.0.2'], `--router ${missing}`],
    [['--dns', '9.9.9.9'], `--dns ${missing}`],
    [['--domain', 'example.org'], `--domain ${missing}`],
    [['--range', '10.77.0.2-10.77.0.3'], `--range ${missing}`],
    [['--lease-time', '60'], `--lease-time ${missing}`],
    [['--mtu', '1400'], `--mtu ${missing}`],
    [['--bootp'], `--bootp ${missing}`],
    [['--dhcp-lax-checksum'], `--dhcp-lax-checksum ${missing}`],
    [['--dhcp-lease-per-mac'], `--dhcp-lease-per-mac ${missing}`],
    [['--dhcp-port-limit', '3'], `--dhcp-port-limit ${missing}`],
    [['--state', 'x'], `--state ${missing}`],
    [['--dhcp', '10.77.0.1/24'], '--dhcp 10.77.0.1/24 is not a network; write it as 10.77.0.0/24'],
    [
      ['--dhcp', '127.0.0.0/8'],
      'cannot serve --dhcp 127.0.0.0/8: 127.0.0.0/8 is for loopback; choose a private network, such as 10.77.0.0/24',
    ],
    [['--dhcp', '10.77.0.0/31'], 'cannot serve --dhcp 10.77.0.0/31: it has no room for guests; choose one of /30 or wider'],
    [[...dhcp, '--router', 'gw'], '--router gw is not an IPv4 address; write it as 10.77.0.254'],
    [[...dhcp, '--dns', '9.9.9'], '--dns 9.9.9 is not an IPv4 address; write it as 10.77.0.254'],
    [[...dhcp, '--range', '10.77.0.9'], '--range 10.77.0.9 is not a range of addresses; write it as 10.77.0.100-10.77.0.199'],
    [[...dhcp, '--range', '10.77.0.2-9'], '--range 10.77.0.2-9 is not a range of addresses; write it as 10.77.0.100-10.77.0.199'],
    [
      [...dhcp, '--router', '10.77.0.1'],
      '--router 10.77.0.1 is the address of the DHCP server itself; choose another address of 10.77.0.0/24',
    ],
  ])('etherloom switch refuses %j', async (args, words) => {
    expect(await refused('switch', '--sock', stage.path('n'), ...args)).toEqual([1, `etherloom: ${words}`]);
    expect([existsSync(stage.path('n')), existsSync(stage.path('n.state'))]).toEqual([false, false]);
  });

  it('a lease lasts 4 s at least', async () => {
    const [status, words] = await refused('switch', '--sock', stage.path('n'), ...dhcp, '--lease-time', '3');
    expect([status, words]).toEqual([2, expect.stringContaining('4')]);
    const served = stage.start([bin('etherloom'), 'switch', '--sock', stage.path('n'), ...dhcp, '--lease-time', '4']);
    await served.line(/^ready$/);
    const station = stage.start([bin('etherloom'), 'station', '--sock', stage.path('n'), '--mac', '02:00:00:00:00:01']);
    await station.line(/^ready$/);
    await served.logged({ event: 'lease-bound', duration: 4 });
  });

  it.each([
    ['--router', ['x']],
    ['--dns', ['x']],
    ['--domain', ['x']],
    ['--range', ['x']],
    ['--lease-time', ['60']],
    ['--dhcp-port-limit', ['3']],
    ['--bootp', []],
    ['--dhcp-lax-checksum', []],
    ['--dhcp-lease-per-mac', []],
  ])('etherloom master refuses %s with --no-dhcp', async (option, value) => {
    expect(await refused(...master('--no-dhcp', option, ...value))).toEqual([
      1,
      `etherloom: ${option} has no effect without the DHCP server; leave out --no-dhcp`,
    ]);
  });

  it.each([
    [
      ['--router', '10.77.0.2', '--reserve', '1=10.77.0.2'],
      'cannot reserve 10.77.0.2 for id 1: it is the address of the router; choose another of 10.77.0.0/24',
    ],
    [['--dns', '10.77.0.1'], '--dns 10.77.0.1 is the address of the DHCP server itself; choose another address of 10.77.0.0/24'],
  ])('etherloom master refuses %j', async (args, words) => {
    expect(await refused(...master(...args))).toEqual([1, `etherloom: ${words}`]);
    expect(existsSync(stage.path('m'))).toBe(false);
  });

  it.each(['switch', 'master'])('are in the help of etherloom %s, without defaults that say nothing', async (command) => {
    const { status, text } = await stage.run([bin('etherloom'), command, '--help']);
    expect(status).toBe(0);
    for (const option of ['--router <address>', '--dns <address>', '--domain <name>', '--range <first-last>'])
      expect(text).toContain(option);
    expect(text).toContain('1500 at most)');
    expect(text).not.toContain('default: []');
    expect(text).not.toContain('default: false');
  });

  it('etherloom switch has its leases beside its sockets, wherever it is told to, or in the home directory', async () => {
    const env = { HOME: stage.path('home'), XDG_STATE_HOME: undefined, XDG_RUNTIME_DIR: stage.path() };
    await stage.etherloom('switch', '--sock', stage.path('n'), ...dhcp);
    await stage.etherloom('switch', '--sock', stage.path('o'), '--state', stage.path('elsewhere'), ...dhcp);
    await stage.start([bin('etherloom'), 'switch', ...dhcp], { env }).line(/^ready$/);
    for (const state of ['n.state', 'elsewhere', 'home/.local/state/etherloom/switch']) {
      expect(existsSync(stage.path(state, 'leases', 'leases.journal')), state).toBe(true);
    }
    expect(existsSync(stage.path('o.state'))).toBe(false);
  });

  it('a guest of the star keeps the address of its id beside --range, and one without an id gets one of the range', async () => {
    await stage.etherloom(...master('--range', '10.77.0.200-10.77.0.201', '--router', '10.77.0.201'));
    const ready = async (...who: string[]): Promise<unknown> => {
      const station = await stage.etherloom('station', '--sock', stage.path('m'), ...who);
      return (await station.logged({ event: 'guest', state: 'ready' }))['address'];
    };
    expect(await ready('--id', '0')).toBe('10.77.0.10');
    expect(await ready('--mac', '02:00:00:00:00:01')).toBe('10.77.0.200');
  });
});
