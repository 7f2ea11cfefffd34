import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EtherloomError } from '../../errors.ts';
import { lockFile } from '../../system/file-lock.ts';
import { formatIpv4, formatIpv4Network, parseIpv4Network, type Ipv4Network } from '../../wire/ipv4.ts';
import { DemoChild } from './demo-child.ts';
import { demoEventOf, demoTextOf, type DemoEvent } from './demo-events.ts';
import { guestFilesIn } from '../guest/guest-record.ts';
import { stopGuest } from '../guest/guest.ts';
import { addressOfId, masterId } from '../../star/identity.ts';
import { guestDirectory } from '../node-guest.ts';

/** The settings and callbacks of a star of the demo. */
export interface DemoStarOptions {
  /** The directory of all sockets and state: an empty directory with a short path that only this user may access. */
  readonly directory: string;
  readonly slaves: number;
  /** The arguments that give master and slaves a guest each; undefined for stations. */
  readonly guest: readonly string[] | undefined;
  /** Called with each event, and the index of its switch; 0 is the master. */
  readonly event: (place: number, event: DemoEvent) => void;
  /** Called with each log line of a process, in readable form. */
  readonly heard: (name: string, text: string) => void;
  /** Called when a process ends unexpectedly. */
  readonly failed: (error: EtherloomError) => void;
}

const network = '10.77.0.0/24';

/** The star of the demo: a master and slaves on this machine. Each is an etherloom process with a guest or a station. */
export class DemoStar implements AsyncDisposable {
  readonly #options: DemoStarOptions;
  readonly #nodes = new Map<number, DemoChild>();
  readonly #stations: DemoChild[] = [];
  #failure: EtherloomError | undefined;
  #ending = false;

  private constructor(options: DemoStarOptions) {
    this.#options = options;
  }

  /**
   * Starts all processes, and resolves when all are ready, without waiting for guests to boot. If one process ends, ends the others and
   * throws its failure.
   */
  static async open(options: DemoStarOptions, signal: AbortSignal): Promise<DemoStar> {
    const star = new DemoStar(options);
    try {
      await star.#start(signal);
      return star;
    } catch (error) {
      await star[Symbol.asyncDispose]();
      // One process may have caused the end of others, whose errors may be reported before its own.
      throw star.#failure ?? error;
    }
  }

  /** Returns the console socket of the guest with that index. */
  consoleOf(place: number): string {
    return guestFilesIn(guestDirectory(this.#state(place))).console;
  }

  /** Returns the directory of the switch with that index. */
  sockOf(place: number): string {
    return join(this.#options.directory, place === 0 ? 'm' : `s${place}`);
  }

  /** Ends all processes, and the guests of processes that did not end cleanly. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    const ends = [
      ...this.#stations.map((station) => station.end()),
      ...Array.from(this.#nodes, async ([place, node]) => {
        const how = await node.end();
        // The guest of a killed process is still running.
        if (how !== 'status 0' && this.#options.guest !== undefined) await stopGuest(guestDirectory(this.#state(place)), lockFile);
      }),
    ];
    const failure = (await Promise.allSettled(ends)).find(({ status }) => status === 'rejected');
    if (failure?.status === 'rejected') throw failure.reason;
  }

  async #start(signal: AbortSignal): Promise<void> {
    const lineFile = join(this.#options.directory, 'line');
    const master = this.#startNode(0, ['master', '--listen', '127.0.0.1:0', '--subnet', network, '--line-file', lineFile]);
    await master.ready(signal);
    const [line = ''] = (await readFile(lineFile, 'utf8')).split('\n');
    const places = Array.from({ length: this.#options.slaves }, (_, index) => index + 1);
    // Other users of this machine see the arguments of a process.
    const slaves = places.map((place) => this.#startNode(place, ['join'], { ETHERLOOM_LINE: line }));
    const ids = await Promise.all(slaves.map(async (slave) => Number(wordAfter(await slave.ready(signal), 'id'))));
    if (this.#options.guest !== undefined) return;
    const all = [masterId, ...ids];
    await Promise.all(all.map((id, place) => this.#startStation(place, id, all).ready(signal)));
  }

  #startNode(place: number, args: readonly string[], env: Readonly<Record<string, string>> = {}): DemoChild {
    const own = ['--sock', this.sockOf(place), '--state', this.#state(place), ...(this.#options.guest ?? [])];
    const node = this.#startChild(place, place === 0 ? 'master' : `slave process ${place}`, [...args, ...own], env);
    this.#nodes.set(place, node);
    return node;
  }

  #startStation(place: number, id: number, all: readonly number[]): DemoChild {
    const peers = all.filter((other) => other !== id).flatMap((other) => ['--ping', addressOf(other)]);
    const args = ['station', '--sock', this.sockOf(place), '--id', String(id), ...peers];
    const station = this.#startChild(place, `station ${id}`, args);
    this.#stations.push(station);
    return station;
  }

  #startChild(place: number, name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): DemoChild {
    const onLog = (line: string): void => {
      if (this.#ending) return;
      this.#options.heard(name, demoTextOf(line));
      const event = demoEventOf(line);
      if (event !== undefined) this.#options.event(place, event);
    };
    const child = new DemoChild({ name, args, env, onLog });
    void child.ended.then((how) => {
      if (this.#ending || this.#failure !== undefined) return;
      this.#failure = new EtherloomError('refused', `${name} ended unexpectedly (${how}); read its lines above`);
      this.#options.failed(this.#failure);
    });
    return child;
  }

  #state(place: number): string {
    return join(this.#options.directory, `state${place}`);
  }
}

function wordAfter(lines: readonly string[], word: string): string {
  const line = lines.find((said) => said.startsWith(`${word} `));
  if (line === undefined) throw new EtherloomError('refused', `a process of the star did not print its ${word}; read its lines above`);
  return line.slice(word.length + 1);
}

function addressOf(id: number): string {
  const address = addressOfId(parsed(network), id);
  if (address === undefined) throw new EtherloomError('bad-option', `${network} has no address for id ${id}; choose a larger network`);
  return formatIpv4(address);
}

function parsed(text: string): Ipv4Network {
  const value = parseIpv4Network(text);
  if (value === undefined || formatIpv4Network(value) !== text)
    throw new EtherloomError('bad-address', `${text} is not a network; write it as 10.77.0.0/24`);
  return value;
}
