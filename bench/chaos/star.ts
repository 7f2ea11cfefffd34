import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../src/random.ts';
import { programOf } from '../harness/switches.ts';
import type { Workplace } from '../harness/workplace.ts';
import type { Way } from './arguments.ts';
import type { Fault } from './fault.ts';
import { LocalNetwork } from './local-network.ts';
import { StarNode } from './node.ts';
import { Station } from './station.ts';
import { Traffic } from './traffic.ts';

/** The facts of a member that no fault may change. */
interface Member {
  readonly id: number;
  readonly name: string;
  readonly fingerprint?: string;
}

const [port, subnet] = [7378, '10.77.0.0/24'];

/** How long the sockets of dead connections may remain, in milliseconds. */
const burial = 15_000;

/** A star of processes on machines of their own, with a station at each node. */
export class ChaosStar implements Disposable {
  readonly way: Way;
  readonly #program: string;
  readonly #nodes: readonly StarNode[];
  readonly #stations: readonly Station[];
  /** The directory of the notes of running services. */
  readonly #runtime: string;
  #traffic: Traffic | undefined;
  #members: readonly Member[] = [];
  #leases: readonly number[] = [];
  #files: readonly string[][] = [];
  #sockets: readonly number[] = [];

  private constructor(way: Way, program: string, nodes: readonly StarNode[], runtime: string, random: Random) {
    this.way = way;
    this.#program = program;
    this.#nodes = nodes;
    this.#runtime = runtime;
    this.#stations = nodes.map(({ sock }, id) => new Station(id, sock, random));
  }

  /** Starts a star: all have joined, and have their leases. */
  static async open(way: Way, slaves: number, workplace: Workplace, random: Random): Promise<ChaosStar> {
    const network = await LocalNetwork.open(workplace);
    const [program, runtime] = [programOf('ours', workplace, 'etherloom'), workplace.path(`${way}-runtime`)];
    const command = ['env', `XDG_RUNTIME_DIR=${runtime}`, program];
    const secured = way === 'secured';
    const centre = await network.machine();
    const place = `${centre.address}:${port}`;
    const master = ['master', '--listen', place, '--subnet', subnet, ...(secured ? [] : ['--plain'])];
    // Frames go by the master, as in the plain star: shortcuts have a proof of their own, and sockets that come and go.
    const slave = secured ? ['join', '--no-shortcuts'] : ['slave', '--master', place, '--plain'];
    const nodes = [new StarNode('master', centre, workplace.path(`${way}-master`), [...command, ...master])];
    for (let id = 1; id <= slaves; id++)
      nodes.push(new StarNode(`slave ${id}`, await network.machine(), workplace.path(`${way}-${id}`), [...command, ...slave]));
    const star = new ChaosStar(way, program, nodes, runtime, random);
    await star.#begin(secured ? workplace.path('line') : undefined);
    return star;
  }

  /** Makes a fault. Returns the milliseconds from its end until all stations reached all others, or what went wrong. */
  async suffer({ kind, node: number, lasts }: Fault): Promise<number | string> {
    const node = this.#nodes[number];
    if (!node) throw new Error(`no node ${number}`);
    const { machine } = node;
    if (kind === 'kill') await node.kill();
    else if (kind === 'pull') machine.unplug();
    else if (kind === 'hole') machine.silence();
    else node.signal('SIGSTOP');
    await delay(lasts);
    if (kind === 'kill') node.start();
    else if (kind === 'pull') machine.plug();
    else if (kind === 'hole') machine.restore();
    else node.signal('SIGCONT');
    const opened = await this.#opened();
    if (kind === 'kill' && number > 0 && typeof opened === 'number') {
      const id = Number(await node.line(/^id (\d+)$/));
      if (id !== number) return `${node.name} has id ${id} now`;
    }
    return opened;
  }

  /** Looks after the members, the leases and the sockets. Returns what has changed, in words. */
  async check(): Promise<string[]> {
    const faults: string[] = [];
    const [members, before] = [this.#listed(), this.#members].map((list) => JSON.stringify(list));
    if (members !== before) faults.push(`the members were ${before ?? ''}, and are ${members ?? ''}`);
    const leases = await this.#leased();
    for (const [id, lease] of leases.entries())
      if (lease !== this.#leases[id]) faults.push(`the lease of ${id} was ${this.#leases[id] ?? 0}, and is ${lease}`);
    for (const node of this.#nodes.filter(({ ended }) => ended)) faults.push(`${node.name} has ended: ${node.said}`);
    return faults;
  }

  /** Ends the traffic; the processes end with their workplace. */
  [Symbol.dispose](): void {
    this.#traffic?.[Symbol.dispose]();
  }

  /** Ends all nodes in order. Returns what they leave behind, in words. */
  async end(): Promise<string[]> {
    const faults = await this.#buried();
    this.#traffic?.[Symbol.dispose]();
    faults.push(...(await this.#endNodes()));
    for (const [i, node] of this.#nodes.entries()) {
      const [before, after] = [this.#files[i] ?? [], node.files()];
      for (const file of after.filter((name) => !before.includes(name))) faults.push(`${node.name} leaves ${file}`);
      for (const file of before.filter((name) => !after.includes(name))) faults.push(`${node.name} has lost ${file}`);
    }
    for (const file of readdirSync(this.#runtime, { recursive: true, encoding: 'utf8' }))
      if (!statSync(`${this.#runtime}/${file}`).isDirectory()) faults.push(`the note ${file} is left`);
    return [...faults, ...processesOf(this.#runtime).map((process) => `a process is left: ${process}`)];
  }

  /** Starts the star, ends it in order to see its files, and starts it again. */
  async #begin(line: string | undefined): Promise<void> {
    const [master, ...slaves] = this.#nodes;
    master?.start(...(line === undefined ? [] : ['--line-file', line]));
    await master?.ready();
    for (const slave of slaves) {
      slave.start(...(line === undefined ? [] : [readFileSync(line, 'utf8').trim()]));
      await slave.ready();
    }
    await this.#flow();
    this.#members = this.#listed();
    this.#leases = await this.#leased();
    // A station that plugs in while its switch ends keeps the directory of that.
    this.#traffic?.[Symbol.dispose]();
    const faults = await this.#endNodes();
    if (faults.length > 0) throw new Error(faults.join('\n'));
    this.#files = this.#nodes.map((node) => node.files());
    for (const node of this.#nodes) node.start();
    await this.#flow();
    this.#sockets = this.#nodes.map((node) => node.sockets());
  }

  async #flow(): Promise<void> {
    this.#traffic = new Traffic(this.#stations);
    const opened = await this.#opened();
    if (typeof opened === 'string') throw new Error(opened);
  }

  async #opened(): Promise<number | string> {
    const opened = await this.#traffic?.opened();
    if (typeof opened === 'number') return opened;
    return `no frames go from ${(opened ?? []).join(', ')}; ${this.#nodes.map(({ name, said }) => `${name} said:\n${said}`).join('\n')}`;
  }

  /** Asks for the leases as after a reboot, or for new ones. */
  #leased(): Promise<number[]> {
    return Promise.all(this.#stations.map((station, id) => station.lease(this.#leases[id])));
  }

  #listed(): Member[] {
    const { status, stdout, stderr } = spawnSync(this.#program, ['group', '--json', '--state', this.#nodes[0]?.state ?? ''], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`etherloom group: ${stderr}`);
    const { members } = JSON.parse(stdout) as { members: readonly Member[] };
    return members.map(({ id, name, fingerprint }) => ({ id, name, ...(fingerprint !== undefined && { fingerprint }) }));
  }

  /** Waits until the nodes have no more sockets than at the beginning. Returns those that have more after a while, in words. */
  async #buried(): Promise<string[]> {
    const more = (): string[] =>
      this.#nodes.flatMap((node, i) => {
        const [before, now] = [this.#sockets[i] ?? 0, node.sockets()];
        return now > before ? [`${node.name} had ${before} sockets, and has ${now}`] : [];
      });
    for (const end = performance.now() + burial; performance.now() < end && more().length > 0;) await delay(100);
    return more();
  }

  async #endNodes(): Promise<string[]> {
    const [master, ...slaves] = this.#nodes;
    const faults = await Promise.all(slaves.map((node) => node.end()));
    return [...faults.flat(), ...((await master?.end()) ?? [])];
  }
}

/** Returns the commands of the processes that have this text among their arguments or in their environment. */
function processesOf(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return command.includes(text) || readFileSync(`/proc/${pid}/environ`, 'utf8').includes(text) ? [`${pid} ${command}`] : [];
      } catch {
        return [];
      }
    });
}
