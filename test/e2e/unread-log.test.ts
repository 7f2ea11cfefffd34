import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../ports/vde-stage.ts';
import { answers } from '../../src/system/unix-socket.ts';
import { bin, poisoned, until, useStage, type Stage } from './stage.ts';
import { startSystemLog } from './system-log.ts';
import { readers, StoppedReader } from './unread.ts';
import { VdeStation } from './vde-station.ts';

/** More than any reader's buffer and the log's own hold the lines of. */
const crowd = 2000;

function start(command: readonly string[], stderr: number, stdout: 'pipe' | number = 'pipe'): ChildProcess {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', stdout, stderr], env: { ...process.env, ...poisoned.env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function comeAndGo(directory: string, clients = crowd): Promise<void> {
  for (let i = 0; i < clients; i++) {
    const client = await connect(directory);
    client[Symbol.dispose]();
  }
}

/** Sends frames from one station to another, which hears all of them. */
function converse(from: VdeStation, to: VdeStation): void {
  to.send([to.frame('all', 0)]);
  from.awaitFrame();
  from.skip();
  const frames = Array.from({ length: 200 }, (_, i) => from.frame(to.number, i));
  from.send(frames);
  const last = frames.at(-1) ?? new Uint8Array();
  expect(to.hear((frame) => Buffer.compare(frame, last) === 0)).toHaveLength(frames.length - 1);
}

async function stationsAt(directory: string): Promise<[VdeStation, VdeStation]> {
  return [await VdeStation.plug(directory), await VdeStation.plug(directory)];
}

const services: readonly (readonly [string, (stage: Stage) => string[]])[] = [
  ['etherloom switch', (stage) => [bin('etherloom'), 'switch', '-s', stage.path('sw')]],
  ['etherloom master', (stage) => [bin('etherloom'), ...stage.masterWords({ sock: 'sw', state: 'state' })]],
  // Its lines are short.
  ['vde_switch', (stage) => [bin('vde_switch'), '-s', stage.path('sw'), '--nostdin']],
];

describe.each(services)('%s, whose standard error is not read', { timeout: 120_000 }, (name, command) => {
  const stage = useStage([]);

  it.each(name === 'etherloom switch' ? readers : (['pipe'] as const))(
    'forwards and serves while the %s takes no more, tells the reader how much was lost, and ends at once',
    async (kind) => {
      stage.path();
      using reader = new StoppedReader(kind, stage.path());
      const child = start(command(stage), reader.writeEnd);
      await until('it serves', () => answers(stage.path('sw', 'ctl'), 'stream'));
      const [left, right] = await stationsAt(stage.path('sw'));
      await comeAndGo(stage.path('sw'));
      converse(left, right);
      expect(reader.waits).toBe(true);
      let said = '';
      await until('it says how many lines were lost', () => /\d+ lines lost/.test((said += reader.read())));
      await comeAndGo(stage.path('sw'));
      converse(right, left);
      const told = performance.now();
      child.kill('SIGTERM');
      await once(child, 'exit');
      expect(child.exitCode).toBe(0);
      expect(performance.now() - told).toBeLessThan(5000);
    },
  );
});

describe('vde_switch in the background', { timeout: 120_000 }, () => {
  const stage = useStage(['mounts', 'socat']);

  it('forwards and serves while the system log hangs, and tells it how much was lost', async () => {
    const [directory, pidfile] = [stage.path('sw'), stage.path('pid')];
    const { process: log, logged, enter } = await startSystemLog(stage);
    log.signal('SIGSTOP');
    expect((await stage.run([...enter, bin('vde_switch'), '-s', directory, '-d', '-p', pidfile])).status).toBe(0);
    const [left, right] = await stationsAt(directory);
    await comeAndGo(directory);
    converse(left, right);
    log.signal('SIGCONT');
    await until('it says how many lines were lost', () => /<28>.*vde_switch\[\d+\]: \d+ lines lost/.test(readFileSync(logged, 'utf8')));
    await comeAndGo(directory, 1);
    process.kill(Number(readFileSync(pidfile, 'utf8')), 'SIGTERM');
    await until('it has ended', () => !existsSync(pidfile));
  });
});
