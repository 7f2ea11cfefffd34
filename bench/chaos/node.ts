import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import type { Running } from '../harness/running.ts';
import type { Machine } from './local-network.ts';

/** How long a node may take to start, and to end in order, in seconds. */
const patience = 60;

/** A node of a star, which is killed and started again. */
export class StarNode {
  readonly name: string;
  readonly machine: Machine;
  /** The directory of its switch. */
  readonly sock: string;
  readonly state: string;
  /** The number of times that it was started. */
  starts = 0;
  readonly #command: readonly string[];
  #running: Running | undefined;

  /** `command` is its command line without its directories, whose paths begin with `directory`. */
  constructor(name: string, machine: Machine, directory: string, command: readonly string[]) {
    this.name = name;
    this.machine = machine;
    this.sock = `${directory}.sock`;
    this.state = `${directory}.state`;
    this.#command = command;
  }

  get pid(): number {
    return this.#running?.pid ?? 0;
  }

  /** Its last lines, for a report. */
  get said(): string {
    return this.#running?.said ?? '';
  }

  /** True if it has ended by itself. */
  get ended(): boolean {
    return this.#running?.ended === true;
  }

  /** Starts it. It is ready later: see `ready`. */
  start(...more: readonly string[]): void {
    this.starts += 1;
    this.#running = this.machine.start([...this.#command, '--sock', this.sock, '--state', this.state, ...more]);
  }

  /** Resolves when it is ready. */
  async ready(): Promise<void> {
    await this.#running?.line(/^ready$/, patience);
  }

  /** Returns the first line of this process that matches, come or to come. */
  async line(pattern: RegExp): Promise<string> {
    const match = await this.#running?.line(pattern, patience);
    return match?.[1] ?? match?.[0] ?? '';
  }

  signal(signal: NodeJS.Signals): void {
    if (this.pid > 0) process.kill(this.pid, signal);
  }

  /** Kills it, and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#running?.exit(patience);
  }

  /** Ends it in order. Returns what went wrong, in words. */
  async end(): Promise<string[]> {
    this.signal('SIGTERM');
    const status = await this.#running?.exit(patience);
    return status === 0 ? [] : [`${this.name} ended with status ${String(status)}: ${this.said}`];
  }

  /** Returns the number of its open sockets. */
  sockets(): number {
    return readdirSync(`/proc/${this.pid}/fd`).filter((fd) => isSocket(`/proc/${this.pid}/fd/${fd}`)).length;
  }

  /** Returns the names of the files in its directories. */
  files(): string[] {
    const state = readdirSync(this.state, { recursive: true, encoding: 'utf8' }).map((name) => `state/${name}`);
    return [...state, ...(existsSync(this.sock) ? ['sock'] : [])].sort();
  }
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    return false;
  }
}
