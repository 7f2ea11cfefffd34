import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type * as caller from '../../src/system/caller.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';

type Caller = typeof caller;

/** Returns the module as a process loads it whose starter noted that. */
async function loaded(noted?: string): Promise<Caller> {
  vi.resetModules();
  if (noted !== undefined) process.env['ETHERLOOM_CALLER'] = noted;
  return import('../../src/system/caller.ts');
}

afterEach(() => void Reflect.deleteProperty(process.env, 'ETHERLOOM_CALLER'));

const statusOf = ([program, args]: ReturnType<Caller['asCalled']>): string => execFileSync(program, args, { encoding: 'utf8' });
const bit = (signal: number): number => 2 ** (signal - 1);

describe('a program that is started as our caller would', () => {
  it('has its soft limit of descriptors and its ignored signals, but for those that we handle', async () => {
    const { SIGUSR2, SIGHUP, SIGTERM, SIGPIPE } = constants.signals;
    const { asCalled } = await loaded(`321\n${bit(SIGUSR2) + bit(SIGHUP) + bit(SIGTERM) + bit(SIGPIPE)}`);
    expect(statusOf(asCalled('cat', ['/proc/self/limits']))).toMatch(/^Max open files +321 /m);
    const ignored = /^SigIgn:\s*([\da-f]+)$/m.exec(statusOf(asCalled('cat', ['/proc/self/status'])))?.[1] ?? '';
    expect(parseInt(ignored, 16)).toBe(bit(SIGUSR2) + bit(SIGPIPE));
  });

  it('gets its arguments as they are, and becomes the process that was started', async () => {
    const { asCalled } = await loaded('321 0');
    const args = ['a b', '', '-n', '$(id)', "'", '*'];
    const [program, given] = asCalled('printf', ['%s|', ...args]);
    expect(execFileSync(program, given, { encoding: 'utf8' })).toBe(args.map((one) => `${one}|`).join(''));
    expect(statusOf(asCalled('cat', ['/proc/self/comm']))).toBe('cat\n');
  });

  it('is started as it is where nothing was noted, where it makes no sense, and where the program cannot be run', async () => {
    expect((await loaded()).asCalled('cat', ['x'])).toEqual(['cat', ['x']]);
    expect((await loaded('12; reboot')).asCalled('cat', ['x'])).toEqual(['cat', ['x']]);
    const { asCalled } = await loaded('321 0');
    for (const program of ['no-such-program', '/etc', '/etc/passwd', '']) expect(asCalled(program, ['x'])).toEqual([program, ['x']]);
  });
});

describe('the variable by which a starter tells of our caller', () => {
  it('is in no environment that goes on, but for processes of ours', async () => {
    const { callerVariables } = await loaded('321 2048');
    expect(process.env['ETHERLOOM_CALLER']).toBeUndefined();
    expect(callerVariables()).toEqual({ ETHERLOOM_CALLER: '321 2048' });
    expect((await loaded()).callerVariables()).toEqual({});
  });

  it('is set by every starter in bin/', () => {
    const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Record<string, string> };
    for (const name of Object.values(bin)) {
      expect(readFileSync(name, 'utf8').split('\n').slice(0, 2).join('\n'), name).toBe(starter);
    }
  });
});

const starter = `#!/bin/sh
':' //; ETHERLOOM_CALLER="$(exec 2>/dev/null; ulimit -Sn; read -r s </proc/self/stat; set -- \${s##*)}; echo "\${31}")" exec node "$0" "$@"`;
