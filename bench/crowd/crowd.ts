import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { realClock } from '../../src/clock.ts';
import { ApiClient } from '../../src/http/client.ts';
import type { GroupMemberView, GroupView } from '../../src/management/parts/group.ts';
import { processorTime } from '../load/processor-time.ts';
import type { Running } from '../harness/running.ts';
import { programOf } from '../harness/switches.ts';
import type { Workplace } from '../harness/workplace.ts';
import type { CrowdArguments } from './arguments.ts';

/** The interval of looks at the master, in milliseconds. */
const look = 25;

/** How long all may take, in seconds. */
const patience = 300;

/** The master of a crowd. */
interface Master {
  readonly running: Running;
  readonly api: ApiClient;
}

/** Runs it, and tells the figures. Returns what went wrong, in words. Throws when a process does not start. */
export async function crowd(given: CrowdArguments, workplace: Workplace, tell: (line: string) => void): Promise<string[]> {
  const { members, kills, joinWithin, backWithin } = given;
  const faults: string[] = [];
  let master = startMaster(workplace, '127.0.0.1:0', '--line-file', workplace.path('line'));
  await master.running.line(/^ready$/);
  const [, place = ''] = await master.running.line(/^link (.*)$/);
  const alone = memoryOf(master.running.pid);
  const line = readFileSync(workplace.path('line'), 'utf8').trim();
  const began = performance.now();
  const slaves = startSlaves(given, workplace, line);
  const joined = await untilLinked(master, members, began);
  const spent = timeOf(master.running, ...slaves);
  const masters = timeOf(master.running);
  const work = `${spent.toFixed(1)} s of processors, ${(spent / 2).toFixed(1)} s of two; master ${masters.toFixed(1)} s`;
  tell(`${members} slaves joined and linked after ${joined.toFixed(1)} s, with ${work}`);
  if (spent / 2 > joinWithin) faults.push(`that took more than ${joinWithin} s of two processors`);
  const first = await membersOf(master);
  faults.push(...gapsIn(first));
  tell(`master: ${mebibytes(memoryOf(master.running.pid))} MiB resident, and ${mebibytes(alone)} MiB before`);
  for (let kill = 1; kill <= kills; kill++) {
    process.kill(master.running.pid, 'SIGKILL');
    await master.running.exit(patience);
    const [killed, before] = [performance.now(), timeOf(...slaves)];
    master = startMaster(workplace, place);
    const back = await untilLinked(master, members, killed);
    const [own, theirs] = [timeOf(master.running), timeOf(...slaves) - before];
    const work = `${(own + theirs).toFixed(1)} s of processors; master ${own.toFixed(1)} s`;
    tell(`all are linked again ${back.toFixed(1)} s after the start of a new master, with ${work}`);
    if (back > backWithin) faults.push(`that took more than ${backWithin} s`);
    if (JSON.stringify(await membersOf(master)) !== JSON.stringify(first)) faults.push('the members are not what they were');
  }
  if (kills > 0) tell(`master: ${mebibytes(memoryOf(master.running.pid))} MiB resident`);
  return faults;
}

function startMaster(workplace: Workplace, place: string, ...more: readonly string[]): Master {
  const [sock, state] = [workplace.path('master.sock'), workplace.path('master')];
  const command = [programOf('ours', workplace, 'etherloom'), 'master', '--listen', place, '--subnet', '10.76.0.0/16'];
  const running = workplace.start([...command, '--sock', sock, '--state', state, ...more]);
  return { running, api: new ApiClient(`${state}/api`, realClock) };
}

function startSlaves({ members, processes }: CrowdArguments, workplace: Workplace, line: string): Running[] {
  if (processes === undefined) {
    const command = [programOf('ours', workplace, 'etherloom'), 'join', line];
    return Array.from({ length: members }, (_, n) =>
      workplace.start([...command, '--sock', workplace.path(`${n}.sock`), '--state', workplace.path(`${n}`)], { silent: true }),
    );
  }
  const program = [process.execPath, '--import', './test/typescript.mjs', fileURLToPath(new URL('./members.ts', import.meta.url))];
  return Array.from({ length: processes }, (_, n) => {
    const share = Math.floor((members + n) / processes);
    return workplace.start([...program, line, workplace.path(`light${n}`), String(share)]);
  });
}

/** Resolves with the seconds since `began` when so many members are linked. Throws when that takes too long, or the master ends. */
async function untilLinked({ running, api }: Master, members: number, began: number): Promise<number> {
  for (;;) {
    const linked = await linkedAt(api);
    const seconds = (performance.now() - began) / 1000;
    if (linked === members) return seconds;
    if (running.ended || seconds > patience)
      throw new Error(`${linked} are linked after ${seconds.toFixed(0)} s; the master said:\n${running.said}`);
    await delay(look);
  }
}

/** Returns the number of linked members; 0 while no master answers. */
async function linkedAt(api: ApiClient): Promise<number> {
  try {
    return ((await api.run('GET', 'group.show')) as GroupView).counts?.linked ?? 0;
  } catch {
    return 0;
  }
}

/** The facts of a member that must stay. */
type Kept = Pick<GroupMemberView, 'id' | 'name' | 'fingerprint'>;

async function membersOf({ api }: Master): Promise<readonly Kept[]> {
  const members = (await api.run('GET', 'group.members')) as readonly GroupMemberView[];
  return members.filter(({ role }) => role === 'slave').map(({ id, name, fingerprint }) => ({ id, name, fingerprint }));
}

/** Returns the gaps in the ids from 1 on, in words. */
function gapsIn(members: readonly Kept[]): string[] {
  const ids = members.map(({ id }) => id).sort((a, b) => a - b);
  return ids.every((id, n) => id === n + 1) ? [] : [`the ids have gaps: ${ids.join(' ')}`];
}

/** Returns the processor time that processes have used, in seconds. */
function timeOf(...processes: readonly Running[]): number {
  return processes.reduce((sum, { pid }) => sum + processorTime(pid) / 1e9, 0);
}

/** Returns the resident memory of a process, in octets. */
function memoryOf(pid: number): number {
  const [, kibibytes = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return 1024 * Number(kibibytes);
}

function mebibytes(octets: number): string {
  return (octets / 2 ** 20).toFixed(0);
}
