import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answers } from '../../src/system/unix-socket.ts';
import { bin, until, useStage, type Stage } from './stage.ts';

type Tool = 'dpipe' | 'vde_plug';

/** The state that a process hands to the programs that it starts. */
interface Inherited {
  readonly limits: string;
  readonly umask: string;
  readonly blocked: bigint;
  readonly ignored: bigint;
  readonly environment: readonly string[];
}

const { SIGHUP, SIGINT, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2, SIGPROF, SIGVTALRM, SIGIO, SIGSTKFLT, SIGPWR, SIGWINCH } = constants.signals;
const maskOf = (...signals: readonly number[]): bigint => signals.reduce((mask, signal) => mask | (1n << BigInt(signal - 1)), 0n);

/** Signals that the original's tools ignore themselves, and so do the commands that they start. */
const ignoredByOriginal = maskOf(SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2, SIGPROF, SIGVTALRM, SIGIO, SIGSTKFLT, SIGPWR);

/** A caller with limits, a umask and ignored signals of its own. */
const caller = ['sh', '-c', `trap '' HUP INT USR2 WINCH; umask 027; ulimit -Sn 777; ulimit -Sc 0; exec "$@"`, 'sh'];
const settings = { env: { PWD: process.cwd(), 'OF THE USER': 'a b', ETHERLOOM_LOG: 'warn', ETHERLOOM_POISON: undefined } };

/** Returns a command that copies what it was given into a directory. */
const show = (directory: string): string[] => ['cp', '/proc/self/limits', '/proc/self/status', '/proc/self/environ', directory];

function shown(directory: string): Inherited {
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(read('status'))?.[1] ?? `no ${name}`;
  return {
    limits: read('limits'),
    umask: field('Umask'),
    blocked: BigInt(`0x${field('SigBlk')}`),
    ignored: BigInt(`0x${field('SigIgn')}`),
    // The shell tells of the program by `_`; dpipe of descriptors, the original also where there are none; of `PWD` below.
    environment: read('environ')
      .split('\0')
      .filter((entry) => !/^(?:_|ALTERNATE_STDIN|ALTERNATE_STDOUT|PWD)=/.test(entry))
      .sort(),
  };
}

/** How a tool starts a command; the last one of dpipe's may be what it becomes. */
const ways: Readonly<Record<string, (tool: string, command: readonly string[], sw: string) => readonly string[]>> = {
  'dpipe A = B: A': (dpipe, command) => [dpipe, ...command, '=', 'true'],
  'dpipe A = B: B': (dpipe, command) => [dpipe, 'true', '=', ...command],
  'dpipe -d': (dpipe, command) => [dpipe, '-d', ...command, '=', 'true'],
  'dpipe -n': (dpipe, command) => [dpipe, '-n', 'true', '=', ...command],
  'vde_plug = COMMAND': (plug, command, sw) => [plug, sw, '=', ...command],
};

describe('a command that a tool starts', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_switch', 'vde_plug', 'dpipe']);

  async function started(way: string, tool: string, directory: string, sw: string): Promise<Inherited> {
    mkdirSync(directory);
    stage.start([...caller, ...(ways[way]?.(tool, show(directory), sw) ?? [])], settings);
    await until('the command has run', () => existsSync(join(directory, 'environ')) && readFileSync(join(directory, 'environ')).length > 0);
    return shown(directory);
  }

  it.each(Object.keys(ways))('inherits what the original hands on: %s', async (way) => {
    const tool: Tool = way.startsWith('dpipe') ? 'dpipe' : 'vde_plug';
    const sw = await serveOriginal(stage);
    const ours = await started(way, bin(tool), stage.path('ours'), sw);
    const theirs = await started(way, tool, stage.path('theirs'), sw);
    expect(ours.limits).toBe(theirs.limits);
    expect(ours.limits).toMatch(/^Max open files +777 /m);
    expect([ours.umask, ours.blocked]).toEqual([theirs.umask, theirs.blocked]);
    expect(ours.environment).toEqual(theirs.environment);
    // The signals that the caller ignored, except those that the tools handle; and none of those that only the original ignores.
    expect(ours.ignored).toBe(maskOf(SIGUSR2, SIGWINCH));
    expect(theirs.ignored).toBe(ours.ignored | ignoredByOriginal);
    expect(theirs.ignored & maskOf(SIGHUP, SIGINT)).toBe(0n);
  });

  it('has the limit of the caller also where the starter is a link, in a directory with a blank in its name', async () => {
    const link = stage.path('a directory', 'dpipe of ours');
    mkdirSync(stage.path('a directory'));
    await stage.run(['ln', '-s', bin('dpipe'), link]);
    const { limits, environment } = await started('dpipe A = B: A', link, stage.path('linked'), '');
    expect(limits).toMatch(/^Max open files +777 /m);
    expect(environment.filter((entry) => /^ETHERLOOM_(?!TEST_)/.test(entry))).toEqual(['ETHERLOOM_LOG=warn']);
  });
});

async function serveOriginal(stage: Stage): Promise<string> {
  const directory = stage.path('switch');
  stage.start(['vde_switch', '-s', directory]);
  await until('the switch serves', () => answers(`${directory}/ctl`, 'stream'));
  return directory;
}
