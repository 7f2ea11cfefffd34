import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { Host } from './host.ts';
import { Plug } from './plug.ts';
import type { RunningOptions } from './running.ts';
import { bin, freePort, useStage, type Output } from './stage.ts';

const ended = { status: 0, signal: null };
const uid = userInfo().uid;

describe('etherloom', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  const run = async (args: readonly string[], options?: RunningOptions): Promise<Output> => stage.run([bin('etherloom'), ...args], options);
  const masterOf = (port: number, ...more: string[]): string[] => [...stage.masterWords({ port }), ...more];

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('says ready, and ends clean on %s: master, slave and switch', async (signal) => {
    const port = await freePort();
    const master = await stage.etherloom(...masterOf(port));
    expect(master.lines).toEqual(expect.arrayContaining([`link 127.0.0.1:${port}`, `control 127.0.0.1:${port + 1}`]));
    const sockets = ['--sock', stage.path('s'), '--state', stage.path('ss')];
    const slave = await stage.etherloom('slave', '--master', `127.0.0.1:${port}`, ...sockets);
    const alone = await stage.etherloom('switch', '--sock', stage.path('sw'), '--port', `tcp://127.0.0.1:${port}`);
    for (const [node, name] of [
      [master, 'm'],
      [slave, 's'],
      [alone, 'sw'],
    ] as const) {
      expect(node.lines).toContain(`sock ${stage.path(name)}`);
      expect(node.lines.filter((line) => line === 'ready')).toHaveLength(1);
      expect(statSync(stage.path(name)).mode & 0o777).toBe(0o700);
      expect(await node.end(signal)).toEqual(ended);
    }
    expect(readdirSync(stage.path()).sort()).toEqual(['ms', 'ss']);
  });

  it('ends clean while it still waits for its master', async () => {
    const node = ['--sock', stage.path('s'), '--state', stage.path('ss')];
    const slave = stage.start([bin('etherloom'), 'slave', '--master', `127.0.0.1:${await freePort()}`, ...node]);
    await slave.line(
      /no master at control port .*: connection refused \(ECONNREFUSED\); start the master, or check --master: .*; trying again/,
    );
    expect(slave.lines).not.toContain('ready');
    expect(await slave.end()).toEqual(ended);
    expect(existsSync(stage.path('s'))).toBe(false);
  });

  it('puts its sockets under $XDG_RUNTIME_DIR, else into a directory of the user alone', async () => {
    mkdirSync(stage.path('run'), { mode: 0o700 });
    mkdirSync(stage.path('tmp'));
    const homes = { HOME: stage.path('home'), TMPDIR: stage.path('tmp') };
    const within = stage.start([bin('etherloom'), 'switch'], { env: { ...homes, XDG_RUNTIME_DIR: stage.path('run') } });
    await within.line(/^ready$/);
    expect(within.lines).toContain(`sock ${stage.path('run')}/etherloom/switch`);
    const without = stage.start([bin('etherloom'), 'switch'], { env: homes });
    await without.line(/^ready$/);
    const parent = `${stage.path('tmp')}/etherloom-${uid}`;
    expect(without.lines).toContain(`sock ${parent}/switch`);
    expect(statSync(parent).mode & 0o777).toBe(0o700);
  });

  it('takes no directory for its sockets that somebody else could have made', async () => {
    const parent = stage.path('tmp', `etherloom-${uid}`);
    const env = { TMPDIR: stage.path('tmp') };
    mkdirSync(stage.path('tmp'));
    mkdirSync(stage.path('other'), { mode: 0o700 });
    symlinkSync(stage.path('other'), parent);
    expect(await run(['switch'], { env })).toMatchObject({
      status: 1,
      text: expect.stringMatching(/choose a directory of your own with --sock/) as string,
    });
    expect(readdirSync(stage.path('other'))).toEqual([]);
    await stage.run(['rm', parent]);
    mkdirSync(parent);
    chmodSync(parent, 0o777);
    expect(await run(['switch'], { env })).toMatchObject({
      status: 1,
      text: expect.stringMatching(/choose a directory of your own with --sock/) as string,
    });
  });

  it.skipIf(uid !== 0)('takes no directory for its sockets that belongs to another user (needs root)', async () => {
    mkdirSync(stage.path('tmp'));
    mkdirSync(stage.path('tmp', 'etherloom-0'), { mode: 0o700 });
    await stage.run(['chown', '65534', stage.path('tmp', 'etherloom-0')]);
    const answer = await run(['switch'], { env: { TMPDIR: stage.path('tmp') } });
    expect(answer).toMatchObject({ status: 1, text: expect.stringContaining('it belongs to uid 65534') as string });
  });

  it('sends no frame beyond this machine unencrypted without --plain, and warns with it', async () => {
    const node = ['--sock', stage.path('m'), '--state', stage.path('ms')];
    const port = await freePort();
    const beyond = ['master', '--listen', `0.0.0.0:${port}`, '--subnet', '10.77.0.0/24', ...node];
    const secured = await stage.etherloom(...beyond);
    expect(secured.lines.filter((line) => line.includes('not encrypted'))).toEqual([]);
    expect(secured.lines).toContain(`control 0.0.0.0:${port}`);
    expect(await secured.end()).toEqual(ended);
    const plain = await stage.etherloom(...beyond, '--plain');
    await plain.line(/plain links through 0\.0\.0\.0 are not encrypted/);
    expect(plain.lines).toContain(`control 0.0.0.0:${port + 1}`);
    const dialling = ['slave', '--master', '192.0.2.1:7000', '--sock', stage.path('s'), '--state', stage.path('ss')];
    expect(await run(dialling)).toMatchObject({
      status: 1,
      text: expect.stringMatching(/cannot use 192\.0\.2\.1 without --plain: .*etherloom join LINE/) as string,
    });
    const open = ['switch', '--sock', stage.path('sw')];
    const wide = ['--listen', '127.0.0.1:0', '--sock', stage.path('m2'), '--state', stage.path('ms2')];
    for (const address of ['tcp://192.0.2.1:7000', `tcp-listen://0.0.0.0:${await freePort()}`]) {
      // The --plain of a master is for the star's links alone.
      for (const command of [open, ['master', ...wide, '--plain']]) {
        const answer = await run([...command, '--port', address]);
        expect(answer, address).toMatchObject({ status: 1, text: expect.stringContaining('plain=yes') as string });
      }
    }
  });

  it('has one master on one state, and says so to the second', async () => {
    const master = await stage.etherloom(...masterOf(await freePort()));
    const second = await run([...masterOf(await freePort()), '--sock', stage.path('m2')]);
    expect(second).toMatchObject({
      status: 1,
      text: expect.stringMatching(/cannot use .*: another etherloom process holds it; .*--state/) as string,
    });
    expect(existsSync(stage.path('m2'))).toBe(false);
    const [address] = await master.line(/127\.0\.0\.1:\d+/);
    const third = await run([
      'master',
      '--listen',
      address,
      '--subnet',
      '10.77.0.0/24',
      '--sock',
      stage.path('m3'),
      '--state',
      stage.path('x'),
    ]);
    expect(third).toMatchObject({
      status: 1,
      text: expect.stringMatching(/cannot listen on 127\.0\.0\.1 port \d+: address already in use \(EADDRINUSE\)/) as string,
    });
    const fourth = await run([...masterOf(await freePort()), '--state', stage.path('y')]);
    expect(fourth).toMatchObject({ status: 1, text: expect.stringMatching(/another|in use|busy/) as string });
    expect(await master.end('SIGKILL')).toEqual({ status: null, signal: 'SIGKILL' });
    // The files of a killed process are in no one's way.
    await stage.etherloom(...masterOf(await freePort()));
  });

  it('says what is wrong with its options, in one line', async () => {
    const master = ['master', '--listen', '127.0.0.1:7', '--subnet', '10.77.0.0/24', '--sock', stage.path('m'), '--state', stage.path('s')];
    const wrong: [string[], RegExp, number][] = [
      [['switch', '--sock', stage.path('none', 'sw')], /cannot make the directory/, 1],
      [['switch', '--sock', stage.path('sw'), '--port', 'smoke://signal'], /smoke:\/\/signal is not the address of a port/, 1],
      [['switch', '--numports', '0'], /--numports/, 2],
      [[...master, '--subnet', '10.77.0.1/24'], /--subnet 10\.77\.0\.1\/24/, 1],
      [[...master, '--listen', 'localhost'], /HOST:PORT/, 1],
      [[...master, '--reserve', '1:10.77.0.9'], /--reserve .*ID=ADDRESS/, 1],
      [[...master, '--slave-port', '1=x'], /--slave-port .*ID=PORT/, 1],
      [[...master, '--listen', '127.0.0.1:0', '--guest', stage.path('none')], /etherloom guest build/, 1],
      [[...master, '--subnet', '127.0.0.0/8'], /--subnet 127\.0\.0\.0\/8: 127\.0\.0\.0\/8 is for loopback; choose .*10\.77/, 1],
      [[...master, '--subnet', '224.0.0.0/8'], /--subnet 224\.0\.0\.0\/8: 224\.0\.0\.0\/4 is for multicast/, 1],
      [[...master, '--slave-port', '3=8'], /the control port, .*--listen and --slave-port 3=8 both want port 8; choose another/, 1],
      [[...master, '--guest', stage.path('none'), '--memory', '64'], /--memory 64 is too little .*at least 80 MiB/, 1],
      [['switch', '-daemon'], /-daemon: .*write --daemon/, 2],
      [['switch', '-mod', '660'], /-mod: .*write --mode/, 2],
      [['switch', '-tap', 'x'], /-tap: .*write --tap/, 2],
      [[...master, '--advertise', 'gate'], /gate is not HOST:PORT/, 1],
      [[...master, '--listen', '127.0.0.1:0', '--line-file', stage.path('none', 'line')], /cannot write the line .*--line-file/, 1],
      [['slave', '--sock', stage.path('m'), '--state', stage.path('s')], /has not joined a group; .*etherloom join LINE/, 1],
      [['slave', '--print-qemu', '--state', stage.path('none')], /has not joined/, 1],
      [['join', '--sock', stage.path('m'), '--state', stage.path('s')], /has not joined a group; .*etherloom join LINE/, 1],
      [['join', '127.0.0.1:7/abc'], /cannot read the line to join by: .*HOST:PORT\/PIN\.ID\.SECRET/, 1],
      [['join', '--new-master'], /--new-master has no effect without the line/, 1],
      [['identity', 'new'], /--state/, 2],
      [['slave', '--master', '127.0.0.1:7', '--id', '0'], /--id/, 2],
      [['slave', '--master', '127.0.0.1:7', '--guests'], /--guests/, 2],
      [['swich'], /swich/, 2],
    ];
    for (const [args, message, status] of wrong) {
      const answer = await run(args);
      expect(answer.text, args.join(' ')).toMatch(message);
      expect(answer.text).not.toMatch(/^ +at /m);
      expect(answer.status, answer.text).toBe(status);
    }
    expect(existsSync(stage.path('m'))).toBe(false);
  });

  it('tells of itself', async () => {
    expect(await run(['--version'])).toMatchObject({ status: 0, text: expect.stringMatching(/^\d+\.\d+\.\d+(-dev)?$/) as string });
    expect(await run(['--help'])).toMatchObject({ status: 0, text: expect.stringContaining('master') as string });
  });
});

describe('a master without options', { timeout: 60_000 }, () => {
  const stage = useStage(['namespaces']);

  it('listens at port 7378 of all addresses, and serves a free network, which it keeps', async () => {
    const machine = await Host.open(stage, { mac: '02:00:00:00:00:07' });
    const cable = ['ip link add near type veth peer name far', 'ip address add 10.0.0.7/8 dev near'];
    const connect = [...cable, 'ip link set near up', 'ip link set far up'].join(' && ');
    expect(await machine.run(['sh', '-c', connect])).toMatchObject({ status: 0 });
    const env = { HOME: stage.path('home'), XDG_RUNTIME_DIR: stage.path('run') };
    mkdirSync(env.XDG_RUNTIME_DIR, { mode: 0o700 });
    const networkNow = async (): Promise<string | undefined> => {
      const master = machine.start([bin('etherloom'), 'master', '--line-file', stage.path('line')], { env });
      await master.line(/^ready$/);
      expect(master.lines).toContainEqual(expect.stringMatching(/^link (\[::\]|0\.0\.0\.0):7378$/));
      expect(await master.end()).toEqual(ended);
      return /serving (\S+) by DHCP/.exec(master.lines.join(' '))?.[1];
    };
    const network = await networkNow();
    // All of 10.0.0.0/8 is in use here.
    expect(network).toMatch(/^172\.(1[6-9]|2\d|3[01])\.\d+\.0\/24$/);
    expect(readFileSync(stage.path('line'), 'utf8')).toMatch(/^10\.0\.0\.7:7378\/[a-z2-7]{32}\.[a-z2-7]{8}\.[a-z2-7]{26}\n$/);
    expect(await networkNow()).toBe(network);
  });
});

describe('our vde_switch', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it('says ready on standard error, and ends clean on SIGTERM with all its files', async () => {
    const ours = await stage.vdeSwitch('-s', stage.path('sw'), '-p', stage.path('pid'));
    expect(readFileSync(stage.path('pid'), 'utf8')).toBe(`${ours.pid}\n`);
    expect(readdirSync(stage.path('sw'))).toEqual(['ctl']);
    expect(await ours.end()).toEqual(ended);
    expect(readdirSync(stage.path())).toEqual([]);
  });

  it('ends when its standard input does', async () => {
    const ours = await stage.vdeSwitch('-s', stage.path('sw'));
    ours.stdin.end();
    expect(await ours.exit).toEqual(ended);
    expect(readdirSync(stage.path())).toEqual([]);
  });

  it.each([
    [['-sock', 'sw', '-mod', '660']],
    [['--sock=sw', '--mode=660']],
    [['-unix=sw', '--mod', '660']],
    [['-ssw', '-m660']],
    [['-vdesock', 'sw', '-m', '0660']],
  ])('reads its options as the original does: %j', async (args) => {
    const ours = await stage.vdeSwitch(...args.map((argument) => argument.replace(/sw$/, stage.path('sw'))));
    expect(statSync(stage.path('sw', 'ctl')).mode & 0o777).toBe(0o660);
    expect(await ours.end()).toEqual(ended);
  });

  it('says what is wrong: an option, a mode, a path, another switch, a file that is no pid file', async () => {
    await stage.vdeSwitch('-s', stage.path('sw'));
    writeFileSync(stage.path('pid'), 'text\n');
    const wrong: [string[], RegExp][] = [
      [['-s', stage.path('x'), '--wrong'], /unrecognized option '--wrong'/],
      [['-s', stage.path('x'), '-m', 'rw'], /--mode rw is not a number/],
      [['-s', stage.path('x'), '-n', '0'], /at least 1 port/],
      [['-s', stage.path('x'), '-g', 'nobody-has-this'], /nobody-has-this/],
      [['-s', stage.path('sw')], /another|in use|runs/],
      [['-s', stage.path('x'), '-p', stage.path('pid')], /pid ?file.*(exists|something other than a process id)/],
    ];
    for (const [args, message] of wrong) {
      const { status, text } = await stage.run([bin('vde_switch'), ...args]);
      expect(text, args.join(' ')).toMatch(message);
      expect(text).not.toMatch(/^ +at /m);
      // Those two are told and passed over, as by the original.
      if (!args.includes('--wrong') && !args.includes('rw')) expect(status, text).not.toBe(0);
    }
    expect(readFileSync(stage.path('pid'), 'utf8')).toBe('text\n');
    expect(readdirSync(stage.path()).sort()).toEqual(['pid', 'sw']);
  });

  it('takes the place of one that was killed', async () => {
    const first = await stage.vdeSwitch('-s', stage.path('sw'));
    await first.end('SIGKILL');
    expect(readdirSync(stage.path('sw'))).toEqual(['ctl']);
    const second = await stage.vdeSwitch('-s', stage.path('sw'));
    expect(await second.end()).toEqual(ended);
    expect(readdirSync(stage.path())).toEqual([]);
  });
});

describe('the sockets of a switch that was killed', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_plug']);

  it('are swept by the next one, which clients may then use', async () => {
    const first = await stage.vdeSwitch('-s', stage.path('sw'));
    new Plug(stage, stage.path('sw'));
    await first.line(/port 1: unix prog/);
    await first.end('SIGKILL');
    expect(readdirSync(stage.path('sw')).filter((name) => name.startsWith('001.'))).toHaveLength(1);
    const second = await stage.vdeSwitch('-s', stage.path('sw'));
    expect(readdirSync(stage.path('sw')).filter((name) => name.startsWith('001.'))).toHaveLength(0);
    new Plug(stage, stage.path('sw'));
    await second.line(/port 1: unix prog/);
  });
});
