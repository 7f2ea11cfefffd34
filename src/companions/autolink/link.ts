import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock, Timer } from '../../clock.ts';
import { reasonOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { asCalled } from '../../system/caller.ts';
import type { LocalSwitch } from './local-switch.ts';
import { expandWire } from './wire.ts';

/** The switch of a link, and its other resources. */
export interface LinkEnvironment {
  readonly clock: Clock;
  readonly log: Log;
  readonly switch: LocalSwitch;
  /** The switch's directory. */
  readonly sock: string;
  /** The working directory of the commands. Default: the one of this process. */
  readonly cwd?: string | undefined;
}

/** A wire to a remote host. */
export interface Attempt {
  readonly type: string;
  readonly remote: string;
}

/** The next scheduled action of a link. */
export interface Job {
  readonly action: 'check' | 'try';
  /** In seconds. */
  readonly left: number;
}

/** How long a wire may take to reach the switch's port, in milliseconds. */
const checkAfter = 30_000;

/** The first and the longest wait between attempts, in milliseconds. */
const firstWait = 1_000;
const longestWait = 30_000;

/** How long a command may take to end after SIGTERM, in milliseconds. After that, it is killed. */
const endLimit = 2_000;

/**
 * A link that is kept up. It reserves a port at the switch, and tries each of its wires to each of its remote hosts in turn until one is
 * up. When that wire breaks, the link tries the next. A wire is up while its command runs and has an endpoint at the port.
 */
export class AutoLink {
  readonly name: string;
  readonly remotes: readonly string[];
  /** The commands of its types of wire, by their names. */
  readonly wires = new Map<string, string>();
  readonly #environment: LinkEnvironment;
  #port: number | undefined;
  #isActive = false;
  #isUp = false;
  #attempt = 0;
  #wait = firstWait;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #turn: Promise<void> = Promise.resolve();
  #current: Attempt | undefined;
  #job: { readonly action: Job['action']; readonly at: number; readonly timer: Timer } | undefined;

  constructor(name: string, remotes: readonly string[], environment: LinkEnvironment) {
    this.name = name;
    this.remotes = remotes;
    this.#environment = environment;
  }

  /** The switch's port that is reserved for the link. */
  get port(): number | undefined {
    return this.#port;
  }

  /** True if the link is switched on. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** The wire that is up; undefined if there is none. */
  get running(): Attempt | undefined {
    return this.#isUp ? this.#current : undefined;
  }

  /** The remote host of the last attempt, or of the first one. */
  get remote(): string {
    return this.#current?.remote ?? this.remotes[0] ?? '';
  }

  /** The next scheduled action of the link. */
  get job(): Job | undefined {
    if (!this.#job) return undefined;
    return { action: this.#job.action, left: Math.max(0, Math.ceil((this.#job.at - this.#environment.clock.monotonic()) / 1000)) };
  }

  /** Switches the link on: reserves a port, and starts the attempts. Has no effect if the link is on. */
  activate(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isActive) return;
      this.#isActive = true;
      this.#wait = firstWait;
      await this.#begin();
    });
  }

  /** Switches the link off: ends its command, and releases the port. */
  deactivate(): Promise<void> {
    return this.#inTurn(async () => {
      this.#isActive = false;
      this.#cancel();
      this.#end();
      await this.#ended;
      const port = this.#port;
      this.#port = undefined;
      if (port !== undefined) await this.#release(port);
    });
  }

  /** Adds a type of wire, or another command for one. */
  addWire(type: string, command: string): void {
    this.wires.set(type, command);
    if (this.#isActive && this.#port !== undefined && !this.#child && !this.#job) this.#try();
  }

  /** Removes a type of wire. If its wire is up, ends it and tries the next one. Returns false if the link has no such type. */
  removeWire(type: string): boolean {
    if (this.#current?.type === type) this.#end();
    return this.wires.delete(type);
  }

  /** Handles the switch's report that an endpoint has appeared at a port, or left it. */
  endpoint(port: number, present: boolean): void {
    if (port !== this.#port || this.#child === undefined || !this.#isActive) return;
    if (present && !this.#isUp) {
      this.#cancel();
      this.#isUp = true;
      this.#wait = firstWait;
      this.#environment.log(`[${this.name}] port ${port} is connected: ${this.#wire}`);
    } else if (!present && this.#isUp) {
      this.#environment.log.warn(`[${this.name}] port ${port} lost its connection`);
      this.#end();
    }
  }

  /** Runs work after all earlier work has ended. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work);
    return this.#turn;
  }

  async #begin(): Promise<void> {
    try {
      this.#port ??= await this.#environment.switch.reserve();
      this.#try();
    } catch (error) {
      this.#environment.log.warn(`[${this.name}] cannot reserve a port: ${reasonOf(error)}`);
      this.#plan('try', this.#nextWait(), () => void this.#inTurn(async () => (this.#isActive ? this.#begin() : undefined)));
    }
  }

  get #wire(): string {
    return this.#current === undefined ? 'none' : `${this.#current.type} to ${this.#current.remote}`;
  }

  #try(): void {
    this.#cancel();
    const wires = [...this.wires];
    const remote = this.remotes[Math.floor(this.#attempt / Math.max(wires.length, 1)) % this.remotes.length];
    const [type, command] = wires[this.#attempt % Math.max(wires.length, 1)] ?? [];
    this.#attempt++;
    if (!this.#isActive || this.#port === undefined || remote === undefined || type === undefined || command === undefined) return;
    this.#current = { type, remote };
    this.#environment.log(`[${this.name}] connecting wire: ${this.#wire}`);
    this.#start(expandWire(command, { port: this.#port, sock: this.#environment.sock, remote }));
    this.#plan('check', checkAfter, () => {
      this.#environment.log.warn(`[${this.name}] wire ${this.#wire} did not reach port ${this.#port ?? ''} in ${checkAfter / 1000} s`);
      this.#end();
    });
  }

  /** Starts a command. It must not be a session leader, since the original dpipe would then fail. */
  #start([program = '', ...args]: readonly string[]): void {
    const child = spawn(...asCalled(program, args), { cwd: this.#environment.cwd, stdio: ['ignore', 'ignore', 'inherit'] });
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const over = (how: string): void => {
        if (this.#child !== child) return;
        this.#child = undefined;
        this.#isUp = false;
        signal(child, 'SIGKILL');
        resolve();
        if (!this.#isActive) return;
        this.#environment.log.warn(`[${this.name}] wire ${this.#wire} ended: ${how}`);
        this.#plan('try', this.#nextWait(), () => this.#try());
      };
      child.once('error', (error) => over(`cannot start ${program}: ${reasonOf(error)}`));
      child.once('exit', (code, killedBy) => over(killedBy ?? `exit status ${code ?? 0}`));
    });
  }

  /** Ends the command. Once it has ended, the next attempt is scheduled. */
  #end(): void {
    const child = this.#child;
    if (!child) return;
    this.#cancel();
    signal(child, 'SIGTERM');
    const limit = this.#environment.clock.after(endLimit, () => signal(child, 'SIGKILL'));
    void this.#ended.then(() => limit[Symbol.dispose]());
  }

  /** Removes the port at the switch. Retries for a second, since the switch notices the end of the command with a delay. */
  async #release(port: number): Promise<void> {
    const { clock, log, switch: local } = this.#environment;
    for (let attempt = 1; ; attempt++) {
      try {
        await local.release(port);
        return;
      } catch (error) {
        if (local.isGone) return;
        if (attempt === 10) {
          log.warn(`[${this.name}] cannot remove port ${port}: ${reasonOf(error)}`);
          return;
        }
        await new Promise<void>((resolve) => clock.after(100, resolve));
      }
    }
  }

  #nextWait(): number {
    const wait = this.#wait;
    this.#wait = Math.min(2 * wait, longestWait);
    return wait;
  }

  #plan(action: Job['action'], after: number, work: () => void): void {
    this.#cancel();
    const { clock } = this.#environment;
    const timer = clock.after(after, () => {
      this.#job = undefined;
      work();
    });
    this.#job = { action, at: clock.monotonic() + after, timer };
  }

  #cancel(): void {
    this.#job?.timer[Symbol.dispose]();
    this.#job = undefined;
  }
}

/** Signals a command and its process group, if it leads one, as dpipe does. So all of its processes get the signal. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  for (const target of [pid, -pid]) {
    try {
      process.kill(target, name);
    } catch {
      // The command has ended, or is not a group leader.
    }
  }
}
