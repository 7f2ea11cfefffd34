import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { consoleAt, ConsoleTalk, originalSwitch } from './console-talk.ts';
import { Crossing } from './crossing.ts';
import type { Running } from './running.ts';
import { bin, poisoned, until, useStage, type Stage } from './stage.ts';

interface Served {
  readonly directory: string;
  readonly console: string;
}

async function ourSwitch(stage: Stage, name: string): Promise<Served> {
  const [directory, console] = [stage.path(name), stage.path(`${name}.m`)];
  await stage.vdeSwitch('-s', directory, '-M', console, '--nostdin');
  return { directory, console };
}

/** The original, which at its end sends SIGQUIT to its whole process group: it gets one of its own. */
const original = ['setsid', 'vde_autolink'];

/** Starts ours or the original, and returns its console. */
async function autolink(stage: Stage, at: Served, program: readonly string[] = [bin('vde_autolink')]): Promise<[Running, ConsoleTalk]> {
  const path = stage.path('autolink');
  const command = [...program, '-s', at.directory, '-S', at.console, '-M', path];
  const running = stage.start(command, poisoned);
  return [running, await ConsoleTalk.with(await consoleAt(path, running))];
}

const wire = 'addwire local dpipe vde_plug --port $myport $mysock = vde_plug $remotehost';
const done = "0000 DATA END WITH '.'\n.\n1000 Success\n";
const data = (lines: string): string => `0000 DATA END WITH '.'\n${lines}\n.\n1000 Success\n`;

/** Returns the process that is the wire of a link. */
const wireOf = (stage: Stage, running: Running): Promise<number> =>
  stage.run(['ps', '-o', 'pid=', '--ppid', String(running.pid)]).then(({ text }) => Number(text.trim()));

async function connected(talk: ConsoleTalk, what: string): Promise<void> {
  await until(`${what} is connected`, async () => (await talk.ask('runninglinks')).includes(what));
}

describe('vde_autolink', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_switch', 'vde_plug', 'dpipe', 'vde_autolink', 'ps', 'setsid']);

  it('leaves the pid file of a running original alone', async () => {
    const at = await ourSwitch(stage, 'a');
    // Only its name counts, for it holds no lock.
    const other = stage.start(['bash', '-c', 'exec -a vde_autolink sleep 60']);
    await until('it has that name', () => readFileSync(`/proc/${other.pid}/cmdline`, 'utf8').startsWith('vde_autolink'));
    writeFileSync(stage.path('pid'), `${other.pid}\n`);
    const command = [bin('vde_autolink'), '-s', at.directory, '-S', at.console, '-M', stage.path('autolink'), '-p', stage.path('pid')];
    const { status, text } = await stage.run(command, poisoned);
    expect(status).not.toBe(0);
    expect(text).toContain(`names process ${other.pid}, which runs`);
    expect(readFileSync(stage.path('pid'), 'utf8')).toBe(`${other.pid}\n`);
  });

  it.each(['our', 'an original'] as const)('links %s switch to another, and links it again when the command ends', async (whose) => {
    const local = whose === 'our' ? await ourSwitch(stage, 'a') : await originalSwitch(stage, 'a');
    const { directory: remote } = await originalSwitch(stage, 'b');
    const [running, talk] = await autolink(stage, local);
    for (const line of [wire, `addlink one ${remote}`, 'addtypelink one local', 'linkonoff one 1']) expect(await talk.ask(line)).toBe(done);
    await connected(talk, 'NAME = one (PORT: 1), WIRE = local, RHOST = ');
    {
      using crossing = await Crossing.between(local.directory, remote);
      await crossing.joined();
    }
    const first = await wireOf(stage, running);
    process.kill(first, 'SIGKILL');
    await running.line(/\[one\] wire local to .* ended: SIGKILL/);
    await until('another command runs', async () => ![0, first].includes(await wireOf(stage, running)));
    await connected(talk, 'NAME = one (PORT: 1)');
    using crossing = await Crossing.between(local.directory, remote);
    await crossing.joined();
  });

  it('tries each wire to each host until one stands, and gives the port back when it is switched off', async () => {
    const [local, remote] = [await ourSwitch(stage, 'a'), await ourSwitch(stage, 'b')];
    const [running, talk] = await autolink(stage, local);
    await talk.ask(wire);
    await talk.ask('addwire broken no-such-program $myport $mysock $remotehost');
    await talk.ask(`addlink one ${stage.path('nowhere')} ${remote.directory}`);
    for (const type of ['broken', 'local']) await talk.ask(`addtypelink one ${type}`);
    await talk.ask('linkonoff one 1');
    await running.line(/\[one\] wire broken to .*nowhere ended: cannot start no-such-program: no such file or directory/);
    await running.line(/\[one\] wire local to .*nowhere ended: exit status 1/);
    expect(await talk.ask('jobsqueue')).toMatch(/^TIME: \d+, ACTION: (?:try {2}|check), LINK: one$/m);
    await connected(talk, `WIRE = local, RHOST = ${remote.directory}`);
    const pid = await wireOf(stage, running);
    await talk.ask('linkonoff one 0');
    const console = await ConsoleTalk.with(local.console);
    await until('its port is gone', async () => !(await console.ask('port/allprint')).includes('Port 0001'));
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(await talk.ask('showlinks')).not.toContain('ACTIVE');
    console.end();
  });

  // The part that the original survives: it ends by SIGSEGV when a link runs and is shown.
  it.each(['ours', 'the original'] as const)('answers as the original does: %s', async (side) => {
    const local = await ourSwitch(stage, 'a');
    const [, talk] = await autolink(stage, local, side === 'ours' ? undefined : original);
    const invalid = "0000 DATA END WITH '.'\n.\n1022 Invalid argument\n";
    const absent = "0000 DATA END WITH '.'\n.\n1006 No such device or address\n";
    expect(talk.text).toMatch(/^\nVDE autolink V\.2\.3\.2\n.*\n\nVDEal\$ $/);
    const asked: readonly (readonly [string, string])[] = [
      ['showwires', data('no wire defined')],
      ['showlinks', data('no autolink defined')],
      ['addwire', invalid],
      ['addwire local', invalid],
      ['addwire local echo $mysock $remotehost', invalid],
      [wire, done],
      ['addlink', invalid],
      ['addlink one', invalid],
      ['addlink one /nowhere', done],
      ['addlink one /nowhere', invalid],
      ['addtypelink one', invalid],
      ['addtypelink one nosuch', absent],
      ['addtypelink nolink local', absent],
      ['addtypelink one local', done],
      ['addtypelink one local', invalid],
      ['runninglinks', done],
      ['jobsqueue', data('jobs queue is empty')],
      ['linkonoff one', invalid],
      ['linkonoff two 1', absent],
      ['no-such-command', '1038 Function not implemented\n'],
    ];
    for (const [line, answer] of asked) expect(`${line}: ${await talk.ask(line)}`).toBe(`${line}: ${answer}`);
    const names = (await talk.ask('help')).split('\n').flatMap((line) => /^(\w+): /.exec(line)?.[1] ?? []);
    expect(names.join(' ')).toBe(
      'help shutdown runscript showwires addwire delwire showlinks runninglinks addlink dellink addtypelink deltypelink linkonoff jobsqueue',
    );
  });

  it('runs in the background by relative names, with a file of commands, and ends with all that it started', async () => {
    const remote = await ourSwitch(stage, 'b');
    const cwd = stage.path('home');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'rc'), `# wires\n${wire}\naddlink one ${remote.directory}\naddtypelink one local\nlinkonoff one 1\n`);
    const here = { ...poisoned, cwd };
    const local = stage.start([bin('vde_switch'), '-s', 'a', '-M', 'm', '--nostdin'], here);
    await local.line(/^ready$/);
    const started = await stage.run([bin('vde_autolink'), '-s', 'a', '-S', 'm', '-M', 'own', '-f', 'rc', '-p', 'pid', '-d'], here);
    expect([started.status, started.text]).toEqual([0, '']);
    const pid = Number(readFileSync(join(cwd, 'pid'), 'utf8'));
    const talk = await ConsoleTalk.with(join(cwd, 'own'));
    await connected(talk, 'NAME = one (PORT: 1)');
    const wirePid = Number((await stage.run(['ps', '-o', 'pid=', '--ppid', String(pid)])).text.trim());
    expect((await stage.run([bin('vdecmd'), '-s', 'own', 'shutdown'], here)).status).toBe(0);
    await until('it has ended', () => !existsSync(join(cwd, 'pid')));
    expect([existsSync(join(cwd, 'own')), existsSync(`/proc/${wirePid}`)]).toEqual([false, false]);
    expect((await stage.run([bin('vdecmd'), '-s', 'm', 'port/allprint'], here)).text).not.toContain('Port 0001');
    talk.end();
  });

  it('ends with its switch, and says so', async () => {
    const [directory, console] = [stage.path('a'), stage.path('a.m')];
    const local = await stage.vdeSwitch('-s', directory, '-M', console, '--nostdin');
    const [running] = await autolink(stage, { directory, console });
    await local.end();
    expect((await running.exit).status).toBe(255);
    expect(running.lines.join('\n')).toMatch(/lost the switch at .*; start both again/);
  });

  it.each([
    [[], /^usage:/],
    [['-h'], /^usage:/],
    [['-s', '/nonexistent'], /^usage:/],
    [['-s', '/nonexistent', '-S', '/nonexistent/m'], /cannot connect to \/nonexistent\/m: no such file or directory/],
  ] as const)('says what is wrong, and ends with the code of the original: %j', async (args, text) => {
    const ours = await stage.run([bin('vde_autolink'), ...args]);
    expect([ours.status, ours.text]).toEqual([255, expect.stringMatching(text)]);
    expect((await stage.run([...original, ...args])).status).toBe(255);
  });
});
