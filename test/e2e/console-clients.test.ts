import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, read, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openPipe } from '../../src/system/pipe.ts';
import { ConsoleTalk, consoleAt, originalSwitch } from './console-talk.ts';
import { bin, until, useStage, type Output, type Stage } from './stage.ts';
import { Terminal } from './terminal.ts';
import { whose, wirefilter, type Whose } from './wire.ts';

/** Returns whether a call on that descriptor waits. */
function waits(fd: number): boolean {
  const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
  return (parseInt(flags, 8) & constants.O_NONBLOCK) === 0;
}

/** Returns the console of a wirefilter that is given no frames. */
async function filterConsole(stage: Stage, side: Whose, name = 'm'): Promise<string> {
  const line = `cat | exec ${wirefilter(side)} -M ${stage.path(name)} | cat`;
  return consoleAt(stage.path(name), stage.start(['sh', '-c', line]));
}

/** Returns the console of one that is between two others. */
async function middleConsole(stage: Stage, side: Whose): Promise<string> {
  const path = stage.path(`${side}.m`);
  return consoleAt(path, stage.start(['dpipe', 'sleep', '60', '=', wirefilter(side), '-M', path, '=', 'sleep', '60'], { group: true }));
}

describe('vdecmd and unixcmd', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_switch', 'wirefilter']);

  /** Returns a switch's console: that of the original, or ours. */
  async function switchConsole(side: Whose): Promise<string> {
    if (side === 'theirs') return (await originalSwitch(stage, 'sw')).console;
    const path = stage.path('sw.m');
    return consoleAt(path, await stage.vdeSwitch('-s', stage.path('sw'), '-M', path, '--nostdin'));
  }

  const vdecmd = (...args: readonly string[]): Promise<Output> => stage.run([bin('vdecmd'), ...args]);

  it.each(whose)("%s switch: the console's status is the exit code, its data the output; VLANs as openQA sets them", async (side) => {
    const console = await switchConsole(side);
    expect(await vdecmd('-s', console, 'vlan/create', '10')).toEqual({ status: 0, signal: null, text: '' });
    expect((await vdecmd('-s', console, 'port/create 1')).status).toBe(0);
    expect((await vdecmd('-s', console, 'port/setvlan', '1', '10')).status).toBe(0);
    expect((await vdecmd('-s', console, 'port/allprint', '1')).text).toMatch(
      /^Port 0001 untagged_vlan=0010 INACTIVE - NOT Unnamed Allocatable\n/,
    );
    expect(await vdecmd('-s', console, '-f', '/etc/vde2/vdecmd', 'vlan/create', '10')).toEqual({
      status: 17,
      signal: null,
      text: 'vdecmd: File exists',
    });
    expect((await vdecmd('-s', console, 'port/setvlan', '1', '11')).status).toBe(6);
    expect((await vdecmd('-s', console, 'vlan/create', '5000')).status).toBe(22);
    expect((await stage.run([bin('unixcmd'), '-s', console, 'nosuch'])).status).toBe(38);
    expect((await stage.run([bin('etherloom'), 'vdecmd', '-s', console, 'vlan/allprint'])).text).toMatch(/^VLAN 0000\nVLAN 0010\n/);
    // Events that come in between are no part of it, nor is what says nothing.
    const talk = await ConsoleTalk.with(console);
    await talk.ask('debug/add');
    expect((await vdecmd('-s', console, 'port/create', '2')).status).toBe(0);
    await until('the other session is told', () => talk.text.includes('3021 port/+ 02\n'));
    talk.end();
    expect(await vdecmd('-s', console, '# nothing')).toEqual({ status: 0, signal: null, text: '' });
    expect((await vdecmd('-s', console, 'logout')).status).toBe(0);
    expect((await vdecmd('-s', console, '-v', 'ds/showinfo')).text).toMatch(/received ".*1000 Success/);
    expect((await vdecmd('-s', console, 'shutdown')).status).toBe(0);
  });

  it.each(whose)('%s wirefilter: the same', async (side) => {
    const console = await filterConsole(stage, side);
    expect(await vdecmd('-s', console, 'loss', '5')).toEqual({ status: 0, signal: null, text: '' });
    expect((await vdecmd('-s', console, 'showinfo')).text).toMatch(/^WireFilter: monodirectional\nLoss {3}5\+0U\n/);
    expect((await vdecmd('-s', console, 'showinfo 7')).status).toBe(22);
    expect((await vdecmd('-s', console, 'load', '/nosuch')).status).toBe(2);
    expect((await vdecmd('-s', console, 'logout')).status).toBe(0);
    expect((await vdecmd('-s', console, 'shutdown')).status).toBe(0);
  });

  it('bring all to a reader who comes late, and take it well when he goes', async () => {
    writeFileSync(stage.path('rc'), 'port/createauto\n'.repeat(2500));
    const options = ['-n', '3000', '-f', stage.path('rc'), '-M', stage.path('sw.m'), '--nostdin'];
    const running = await stage.vdeSwitch('-s', stage.path('sw'), ...options);
    const descriptors = (): number => readdirSync(`/proc/${running.pid}/fd`).length;
    const before = descriptors();
    const line = `'${bin('vdecmd')}' -s '${stage.path('sw.m')}' port/allprint`;
    spawnSync('mkfifo', [stage.path('gate')]);
    const late = stage.start(['bash', '-c', `${line} | (read -r go < '${stage.path('gate')}'; wc -l); echo \${PIPESTATUS[0]}`]);
    await until('vdecmd is there', () => descriptors() > before);
    await until('vdecmd has heard all', () => descriptors() === before);
    writeFileSync(stage.path('gate'), 'go\n');
    await late.exit;
    expect(late.lines).toEqual(['10000', '0']);
    const gone = await stage.run(['bash', '-c', `${line} | head -1; echo \${PIPESTATUS[0]}`]);
    expect(gone.text.split('\n')).toEqual([expect.stringMatching(/^Port 0001/), '0']);
  });

  it('say what helps where nobody is', async () => {
    expect(await vdecmd('-s', stage.path('none'), 'showinfo')).toMatchObject({
      status: 255,
      text: expect.stringMatching(/no such file or directory .*-M/) as string,
    });
    const killed = await filterConsole(stage, 'ours');
    const pid = /(\d+)/.exec((await stage.run(['sh', '-c', `pgrep -f -- '-M ${killed}$'`])).text)?.[1];
    process.kill(Number(pid), 'SIGKILL');
    await until('nobody listens', async () => (await vdecmd('-s', killed, 'showinfo')).text.includes('connection refused'));
    expect(await vdecmd()).toMatchObject({ status: 255, text: expect.stringContaining('usage: vdecmd') as string });
    expect((await stage.run([bin('unixcmd'), 'x'])).text).toContain('/var/run/unixcmd');
    for (const tool of ['unixterm', 'vdeterm'] as const) {
      expect(await stage.run([bin(tool), '/etc/hostname'])).toMatchObject({
        status: 255,
        text: `${tool}: cannot connect to /etc/hostname: it is not a socket; give the console's socket, which the switch's -M (--mgmt) names`,
      });
    }
  });
});

describe('vdeterm and unixterm', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_switch', 'wirefilter', 'vdeterm', 'unixterm', 'unixcmd', 'script', 'stty']);

  it("ours completes, remembers, tells events, and leaves, at the original's consoles", async () => {
    const { console } = await originalSwitch(stage, 'sw');
    const terminal = new Terminal(stage, bin('vdeterm'), console);
    await terminal.shows(new RegExp(`VDE switch V[^]*vde\\[${console}\\]: `));
    await terminal.type('port/cr', /port\/cr/);
    // The typed text is on the screen already.
    await terminal.type('\t', /eate/);
    await terminal.type(' 3\r', /\nSuccess\r\n/);
    await terminal.type('debug/add port\r', /\nSuccess\r\n/);
    await terminal.type('port/create 4\r', /\*\* DBG MSG: port\/\+ 04\r\n[^]*Success/);
    // Up, up: the command before the last one.
    await terminal.type('\u001b[A\u001b[A\r', /debug\/add port[^]*File exists\r\n/);
    await terminal.type('port/allprint 3\r', /\nPort 0003 untagged_vlan=0000[^]*\nSuccess\r\n/);
    expect(terminal.text).not.toMatch(/^(0000 |\.\r|1000)/m);
    terminal.running.stdin.write('logout\r');
    expect((await terminal.running.exit).status).toBe(0);
  });

  it.each(whose)('%s wirefilter: ours has its prompt, and ends with it, or with its own input', async (side) => {
    const console = await filterConsole(stage, side);
    const terminal = new Terminal(stage, bin('vdeterm'), console);
    await terminal.shows(new RegExp(`VDE wirefilter V[^]*VDEwf\\[${console}\\]: `));
    await terminal.type('showc', /showc/);
    await terminal.type('\t', /urrent/);
    await terminal.type('\r', /\nCurrent Markov Node 0 ""[^]*\nSuccess\r\n/);
    const piped = stage.start([bin('vdeterm'), console]);
    piped.stdin.end('loss 5\nshowinfo\nnosuch\n');
    expect((await piped.exit).status).toBe(0);
    expect(piped.lines.filter((line) => !/^[A-Z]\w+\.? +(\d|Delay|packets|TRUE)/.test(line))).toEqual([
      'Success',
      'WireFilter: monodirectional',
      'Success',
      'Function not implemented',
    ]);
    expect(piped.lines).toContain('Loss   5+0U');
    terminal.running.stdin.write('shutdown\r');
    expect((await terminal.running.exit).status).toBe(0);
  });

  it('unixterm of ours gives the lines of a pipe one by one, as the original console must have them', async () => {
    const { console } = await originalSwitch(stage, 'sw');
    const piped = stage.start([bin('unixterm'), console]);
    piped.stdin.end('vlan/create 7\nvlan/create 7\nvlan/allprint 7');
    expect((await piped.exit).status).toBe(0);
    expect(piped.lines.join('\n')).toMatch(
      /\nvde\$ 1000 Success\n\nvde\$ 1017 File exists\n\nvde\$ 0000 [^]*\nVLAN 0007\n\.\n1000 Success\n\nvde\$ $/,
    );
    expect((await stage.run([bin('unixterm'), stage.path('none')])).status).toBe(255);
    expect((await stage.run([bin('vdeterm'), stage.path('none')])).status).toBe(255);
  });

  it.each(['unixterm', 'vdeterm'] as const)('%s leaves pipes that others share as they are', async (name) => {
    const path = stage.path('sw.m');
    await consoleAt(path, await stage.vdeSwitch('-s', stage.path('sw'), '-M', path, '--nostdin'));
    const [input, output] = [openPipe(), openPipe()];
    const client = spawn(bin(name), [path], { stdio: [input.read, output.write, 'ignore'] });
    // It answers when it has opened both.
    writeSync(input.write, 'showinfo\n');
    await promisify(read)(output.read, Buffer.alloc(1), 0, 1, null);
    expect([input.read, output.write].map(waits)).toEqual([true, true]);
    const ended = once(client, 'exit');
    for (const fd of [input.write, input.read, output.read, output.write]) closeSync(fd);
    await ended;
  });

  it("the original's vdeterm, unixterm and unixcmd are at home at our wirefilter's console", async () => {
    const console = await filterConsole(stage, 'ours');
    const script = stage.path('vdecmd');
    const { text } = await stage.run(['unixcmd', '-s', console, '-f', '/etc/vde2/vdecmd', 'showcurrent']);
    expect(text, script).toContain('Current Markov Node 0 "" (0,..,0)');
    const terminal = new Terminal(stage, 'vdeterm', console);
    await terminal.shows(new RegExp(`VDE wirefilter V[^]*VDEwf\\[${console}\\]: `));
    await terminal.type('showc', /showc/);
    await terminal.type('\t', /showcurrent/);
    await terminal.type('\r', /Current Markov Node 0 ""[^]*Success/);
    await terminal.type('delay 5+2n\r', /Success/);
    await terminal.type('showinfo\r', /Delay {2}5\+2N[^]*Success/);
    terminal.running.stdin.write('logout\r');
    expect((await terminal.running.exit).status).toBe(0);
    const raw = new Terminal(stage, 'unixterm', console);
    await raw.shows(/VDEwf\$ /);
    await raw.type('loss 7\r', /1000 Success\r\n\r\nVDEwf\$ /);
    raw.running.stdin.write('logout\r');
    expect((await raw.running.exit).status).toBe(0);
  });
});

describe("wirefilter's console", { timeout: 60_000 }, () => {
  const stage = useStage(['wirefilter', 'dpipe']);

  it('answers as the original does, line by line', async () => {
    const talks = [];
    for (const side of whose) talks.push(await ConsoleTalk.with(await middleConsole(stage, side)));
    const different: string[] = [];
    for (const command of transcript()) {
      const [ours, theirs] = await Promise.all(talks.map((talk) => talk.ask(command)));
      if (ours !== theirs) different.push(`${command}: ${ours ?? ''} instead of ${theirs ?? ''}`);
    }
    expect(different).toEqual([]);
    // The table of commands is alike except for the descriptions, and one more that is ours.
    const [ours = '', theirs = ''] = await Promise.all(talks.map((talk) => talk.ask('help')));
    const names = (help: string): string[] =>
      help.split('\n').map((line) => line.slice(0, /^(markov-|setedge|show(info n|edges|current))/.test(line) ? 18 : 12).trim());
    expect(names(ours).filter((name) => name !== 'drops')).toEqual(names(theirs));
    expect(talks.map(({ text }) => text.slice(0, text.indexOf('\n', 1)))).toEqual(['\nVDE wirefilter V.2.3.2', '\nVDE wirefilter V.2.3.2']);
    for (const talk of talks) talk.end();
  });
});

/** Returns the commands given to both: every one, with good, bad and missing values. */
function transcript(): string[] {
  const commands = readFileSync(new URL('../../fixtures/wirefilter-commands.txt', import.meta.url), 'utf8');
  return commands.split('\n').filter((line) => line !== '' && !line.startsWith('//'));
}
