import { readdirSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { Inputs } from '../fuzz/inputs.ts';
import { targetNamed } from '../fuzz/targets/all.ts';
import type { Running } from './running.ts';
import { useStage } from './stage.ts';
import { introduce, VdeStation } from './vde-station.ts';
import { eventually } from '../eventually.ts';

/** Of each of three kinds, in three rounds. */
const inputsARound = 2_223;
const rounds = 3;

/** Before these the switch has made what it makes once; in MiB. */
const warmup = 1_000;
const mostGrown = 32;

/** Commands that would end the switch, change how many clients it serves, or reach beyond it: to files and to other machines. */
const beyond = /shutdown|load|logfile|pdump|capture|link\/add|setnumports|setuser|setgroup/;

/** How many lines a session of a console gets. */
const linesAtOnce = 50;

const stage = useStage([]);

describe('our vde_switch', { timeout: 120_000 }, () => {
  it('serves as before after 20,000 inputs of all kinds by its sockets, and neither keeps nor leaks anything', async () => {
    const ours = await stage.vdeSwitch('-s', stage.path('s'), '-M', stage.path('m'), '-F', '-n', '1000');
    const inputs = inputsFor(1);
    await fuzz(inputs, warmup);
    await settled(ours);
    const before = { descriptors: descriptorsOf(ours.pid), memory: memoryOf(ours.pid) };
    for (let round = 0; round < rounds; round++) await fuzz(inputs, inputsARound);
    await settled(ours);
    await eventually(() => expect(descriptorsOf(ours.pid)).toBe(before.descriptors));
    // It may be given back somewhat later.
    const grown = await eventually(() => {
      const grown = memoryOf(ours.pid) - before.memory;
      expect(grown).toBeLessThan(mostGrown);
      return grown;
    });
    console.log(`${3 * (warmup + rounds * inputsARound)} inputs; memory grew by ${grown.toFixed(1)} MiB`);
    expect(ours.ended).toBeUndefined();
    // Text from clients is in the log, and begins no line of it.
    for (const line of ours.lines) expect(line).toMatch(/^(ready|vde_switch: [^\p{Cc}]*)$/u);
    // It is a hub, or not, and with trees, or without, as it was told.
    await tell('port/sethub 0\nfstp/setfstp 0\nhash/setexpire 100\nhash/setgcint 2\n');
    const [one, other] = [await VdeStation.plug(stage.path('s'), 901), await VdeStation.plug(stage.path('s'), 902)];
    introduce([one, other]);
  });

  /** Sends that many of each kind: by the control socket, by the console's, by the data socket of clients. */
  async function fuzz(inputs: ReturnType<typeof inputsFor>, count: number): Promise<void> {
    await Promise.all([
      crowd(count, 20, () => speak(stage.path('s', 'ctl'), inputs.control.next())),
      crowd(Math.ceil(count / linesAtOnce), 3, () => speak(stage.path('m'), linesOf(inputs.console))),
    ]);
    const station = await VdeStation.plug(stage.path('s'));
    for (let sent = 0; sent < count; sent += 50) {
      station.send(Array.from({ length: 50 }, () => inputs.frames.next().subarray(1, 1_500)).filter((frame) => frame.length > 0));
      station.skip();
      await new Promise(setImmediate);
    }
    station.unplug();
  }

  /** Gives commands. */
  function tell(lines: string): Promise<void> {
    return speak(stage.path('m'), Buffer.from(lines));
  }
});

function inputsFor(seed: number): Readonly<Record<'control' | 'console' | 'frames', Inputs>> {
  const of = (name: string): Inputs => new Inputs(seededRandom(seed, name), targetNamed(name));
  return { control: of('control'), console: of('console'), frames: of('switch') };
}

function linesOf(inputs: Inputs): Uint8Array {
  const lines = Array.from({ length: linesAtOnce }, () => Buffer.from(inputs.next().subarray(1)));
  return Buffer.concat(lines.map((line) => Buffer.concat([beyond.test(line.toString('latin1')) ? Buffer.of() : line, Buffer.from('\n')])));
}

/** Says that to a socket, reads whatever comes, and leaves when nothing more does. */
function speak(path: string, octets: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A client that sends nonsense is not heard to the end.
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    socket.once('close', () => resolve());
    socket.resume();
    socket.end(octets);
  });
}

/** Runs `one` so many times, `width` at a time. */
async function crowd(size: number, width: number, one: () => Promise<void>): Promise<void> {
  let left = size;
  const serve = async (): Promise<void> => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: width }, serve));
}

/** Until the switch has noticed that all have left who were at its ports, and has no more sockets than it had a moment ago. */
async function settled({ pid, lines }: Running): Promise<void> {
  let before = -1;
  await eventually(() => {
    const came = lines.filter((line) => /^vde_switch: port \d+: unix /.test(line) && !line.includes(' is gone: '));
    const went = lines.filter((line) => /^vde_switch: port \d+: unix .* is gone: /.test(line));
    expect(went.length).toBe(came.length);
    const now = descriptorsOf(pid);
    const same = now === before;
    before = now;
    expect(same).toBe(true);
  });
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Returns the memory of a process, in MiB. */
function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
