import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { servicesDirectory } from '../../src/daemon/directories.ts';
import { chooseService, findServices, noteService, type RunningService } from '../../src/daemon/running-services.ts';
import { realRandom } from '../../src/random.ts';
import { lockFile } from '../../src/system/file-lock.ts';

let scratch: string;
let directory: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'el-'));
  directory = join(scratch, 'services');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(scratch, { recursive: true, force: true });
});

const { pid } = process;

describe('a running service', () => {
  it('is found until it ends, with what is known of it by then', () => {
    const master = noteService({ role: 'master', state: '/m', sock: '/m.sock' }, realRandom, directory);
    const slave = noteService({ role: 'slave', state: '/s' }, realRandom, directory);
    slave.change({ group: 'abc', api: '/s/api' });
    expect(findServices(directory)).toEqual([
      { role: 'master', pid, state: '/m', sock: '/m.sock' },
      { role: 'slave', pid, state: '/s', group: 'abc', api: '/s/api' },
    ]);
    master[Symbol.dispose]();
    expect(findServices(directory)).toEqual([{ role: 'slave', pid, state: '/s', group: 'abc', api: '/s/api' }]);
    slave[Symbol.dispose]();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('that was killed is passed over, and its note removed', async () => {
    const loader = new URL('../typescript.mjs', import.meta.url).href;
    const program = new URL('service-process.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, ['--import', loader, program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect(findServices(directory)).toEqual([{ role: 'slave', pid: child.pid, state: '/state/of/slave' }]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(findServices(directory)).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is not confused by a note without a process whose pid is in use, nor by other files', () => {
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(join(directory, 'old.json'), JSON.stringify({ role: 'master', pid }));
    writeFileSync(join(directory, 'odd.json'), 'null');
    writeFileSync(join(directory, 'other'), '');
    using _held = lockFile(join(directory, 'odd.json'));
    expect(findServices(directory)).toEqual([]);
    expect(readdirSync(directory).sort()).toEqual(['odd.json', 'other']);
  });

  it('is noted for this user alone', () => {
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    expect(() => noteService({ role: 'master' }, realRandom, directory)).toThrow(/others may write to it/);
  });

  it('is noted where the runtime directory is, else where the state is', () => {
    vi.stubEnv('XDG_RUNTIME_DIR', '/run/user/7');
    expect(servicesDirectory()).toBe('/run/user/7/etherloom/services');
    vi.stubEnv('XDG_RUNTIME_DIR', '');
    vi.stubEnv('XDG_STATE_HOME', '/home/u/state');
    expect(servicesDirectory()).toBe('/home/u/state/etherloom/services');
    vi.stubEnv('XDG_STATE_HOME', undefined);
    vi.stubEnv('HOME', '/proc/nobody');
    expect(servicesDirectory()).toMatch(/\/etherloom-\d+\/services$/);
  });

  it('is none where there is no directory', () => expect(findServices(join(scratch, 'none'))).toEqual([]));
});

describe('the service that a command is for', () => {
  const master: RunningService = { role: 'master', pid: 1, state: '/m', group: 'g1' };
  const slave: RunningService = { role: 'slave', pid: 2, state: '/s' };
  const plainSwitch: RunningService = { role: 'switch', pid: 3, sock: '/w' };
  const all = [master, slave, plainSwitch];

  it('is the only one of its roles', () => {
    expect(chooseService(all, { roles: ['switch'] })).toBe(plainSwitch);
    expect(chooseService([slave, plainSwitch], { roles: ['master', 'slave'] })).toBe(slave);
  });

  it('is the one with that directory', () => {
    expect(chooseService(all, { roles: ['master', 'slave'], state: '/m/.' })).toBe(master);
    expect(chooseService(all, { roles: ['switch', 'master'], sock: '/w/' })).toBe(plainSwitch);
  });

  it('is named by the user if there are several, which are listed', () => {
    const choose = (): unknown => chooseService(all, { roles: ['master', 'slave', 'switch'] });
    expect(choose).toThrow(
      /^3 services .*: master --state \/m \(pid 1, group g1\), slave --state \/s \(pid 2\), switch --sock \/w \(pid 3\); choose one$/,
    );
  });

  it('may be none, which ends with what to do', () => {
    expect(() => chooseService(all, { roles: ['switch'], state: '/x' })).toThrow(
      /^no switch of this user runs with --state \/x; start one/,
    );
    expect(() => chooseService([], { roles: ['master', 'slave'] })).toThrow(/^no master or slave of this user runs; start one/);
  });
});
