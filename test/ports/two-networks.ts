import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { beforeAll, expect, it } from 'vitest';
import { missing, networkFlags } from '../e2e/peers.ts';
import { searchPath } from '../e2e/running.ts';
import { awaitUp, ip } from './tap-stage.ts';

const CLONE_NEWNET = 0x4000_0000;

/** The addresses of the two ends of the cable, by version of IP. */
export const addresses = {
  4: { near: '10.77.0.1', far: '10.77.0.2' },
  6: { near: 'fd77::1', far: 'fd77::2' },
} as const;

/** Two networks of this process, with a cable between them. It is in the near one, where the cable's end has the name `near`. */
export interface TwoNetworks {
  /** Calls `open` in the far network. Sockets stay in the network in which they were opened. */
  inFar<Result>(open: () => Promise<Result>): Promise<Result>;
  /** Sets the MTU of the cable; 65,535 at first. */
  setMtu(octets: number): void;
}

/**
 * Defines tests that need raw sockets, in two networks of their own with a cable between them. An ordinary user may not have those in this
 * process: then one test runs the file again, in namespaces of the user's own, and passes if all tests there do.
 */
export function describeInTwoNetworks(file: string, define: (networks: TwoNetworks) => void): void {
  const calls = koffi.load(null);
  const unshare = calls.func('int unshare(int)') as (flags: number) => number;
  if (unshare(CLONE_NEWNET) !== 0) {
    it(
      'passes as an ordinary user, in namespaces of the user',
      (context) => passesInNamespaces(file, (reason) => context.skip(reason)),
      180_000,
    );
    return;
  }
  const setns = calls.func('int setns(int, int)') as (fd: number, kind: number) => number;
  const enter = (path: string): void => {
    const fd = openSync(path, 'r');
    expect(setns(fd, CLONE_NEWNET)).toBe(0);
    closeSync(fd);
  };
  let far: FarNetwork;
  const near = `/proc/${process.pid}/task/${process.pid}/ns/net`;
  const own = openSync(near, 'r');
  beforeAll(async () => {
    far = await farNetwork();
  });
  define({
    async inFar(open) {
      enter(far.path);
      try {
        return await open();
      } finally {
        expect(setns(own, CLONE_NEWNET)).toBe(0);
      }
    },
    setMtu(octets) {
      ip('link', 'set', 'near', 'mtu', String(octets));
      far.ip('link', 'set', 'far', 'mtu', String(octets));
    },
  });
}

/** The far network. */
interface FarNetwork {
  /** Its name for setns(2). */
  readonly path: string;
  /** Runs `ip` there. */
  readonly ip: (...args: readonly string[]) => void;
}

/** Makes the far network and the cable. Both are gone with this process. */
async function farNetwork(): Promise<FarNetwork> {
  const holder = spawn('unshare', ['-n', 'cat'], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, PATH: searchPath } });
  holder.stdin.write('\n');
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  holder.unref();
  const pid = String(holder.pid);
  const inFar = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('nsenter', ['-t', pid, '-n', 'ip', ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
  };
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'near', 'mtu', '65535', 'type', 'veth', 'peer', 'name', 'far', 'mtu', '65535', 'netns', pid);
  for (const [run, name] of [
    [ip, 'near'],
    [inFar, 'far'],
  ] as const) {
    run('link', 'set', name, 'up');
    run('address', 'add', `${addresses[4][name]}/24`, 'dev', name);
    run('address', 'add', `${addresses[6][name]}/64`, 'dev', name, 'nodad');
  }
  await awaitUp('near');
  return { path: `/proc/${pid}/ns/net`, ip: inFar };
}

async function passesInNamespaces(file: string, skip: (reason: string) => void): Promise<void> {
  const reason = missing(['networks', 'ip']);
  if (reason !== undefined) {
    skip(reason);
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), 'networks-'));
  const counts = join(directory, 'counts.json');
  try {
    const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
    const command = [networkFlags() ?? '', process.execPath, vitest, 'run', '--configLoader', 'runner', fileURLToPath(file)];
    const inside = spawn('unshare', command, { env: { ...process.env, PATH: searchPath, ETHERLOOM_TEST_COUNTS: counts } });
    let said = '';
    inside.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    inside.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const status = await new Promise((resolve) => inside.once('close', resolve));
    expect(status, said).toBe(0);
    const { passed } = JSON.parse(readFileSync(counts, 'utf8')) as { passed: number };
    expect(passed, said).toBeGreaterThan(10);
    for (const line of said.split('\n')) if (line.startsWith('skipped: ')) console.log(line);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
