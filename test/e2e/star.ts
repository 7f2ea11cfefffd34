import { readFileSync } from 'node:fs';
import { GuestConsole } from '../../src/launcher/guest/guest-console.ts';
import { guestFilesIn } from '../../src/launcher/guest/guest-record.ts';
import type { Running } from './running.ts';
import { bin, freePort, type Stage } from './stage.ts';

export const subnet = '10.77.0.0/24';

/** A star: a master and slaves, each with a place of its own on a stage, so that each can be ended and started again. */
export class Star {
  readonly #stage: Stage;
  /** The port that slaves link to; they ask on the one above. */
  readonly port: number;
  /** The image of the guests; undefined when there are none. */
  readonly image: string | undefined;

  private constructor(stage: Stage, port: number, image: string | undefined) {
    this.#stage = stage;
    this.port = port;
    this.image = image;
  }

  /** Returns a star that has yet to be started; with a guest at each node if `guests`. */
  static async prepare(stage: Stage, { guests = false } = {}): Promise<Star> {
    return new Star(stage, await freePort(), guests ? await guestImage(stage) : undefined);
  }

  /** Returns the directory of a node's switch: `m` for the master, and what a slave was called. */
  sock(node: string): string {
    return this.#stage.path(node);
  }

  /** Returns the directory of a node's state. */
  state(node: string): string {
    return this.#stage.path(`${node}-state`);
  }

  /** Starts the master, and returns it when it is ready. */
  async master(...more: string[]): Promise<Running> {
    return this.#stage.etherloom('master', '--listen', `127.0.0.1:${this.port}`, '--subnet', subnet, ...this.#node('m'), ...more);
  }

  /** Starts a slave, and returns it when it is ready. */
  async slave(name: string, ...more: string[]): Promise<Running> {
    return this.#stage.etherloom('slave', '--master', `127.0.0.1:${this.port}`, ...this.#node(name), ...more);
  }

  /** Returns the process of a node's QEMU, by its own word. */
  qemuOf(node: string): number {
    return Number(readFileSync(guestFilesIn(`${this.state(node)}/guest`).pidFile, 'utf8'));
  }

  /** Returns the console output of a node's guest. */
  saidBy(node: string): string {
    return readFileSync(guestFilesIn(`${this.state(node)}/guest`).consoleLog, 'utf8');
  }

  /** Returns the console of a node's guest. */
  async console(node: string): Promise<GuestConsole> {
    return GuestConsole.open(guestFilesIn(`${this.state(node)}/guest`).console);
  }

  /** Lets the guests of `nodes` ping each of `addresses`; returns what failed, in words, and the milliseconds of each round trip. */
  async pingAll(nodes: readonly string[], addresses: readonly string[]): Promise<{ failed: string[]; milliseconds: number[] }> {
    const failed: string[] = [];
    const milliseconds: number[] = [];
    const pingFrom = async (node: string): Promise<void> => {
      using console = await this.console(node);
      for (const address of addresses) {
        const { status, output } = await console.run(`ping -c 1 -W 5 ${address}`);
        if (status !== 0) failed.push(`${node} to ${address}: ${output}`);
        else milliseconds.push(Number(/time=([\d.]+) ms/.exec(output)?.[1]));
      }
    };
    await Promise.all(nodes.map(pingFrom));
    return { failed, milliseconds };
  }

  #node(name: string): string[] {
    const guest = this.image === undefined ? [] : ['--guest', this.image, '--accel', 'tcg'];
    return ['--sock', this.sock(name), '--state', this.state(name), ...guest];
  }
}

/** Returns the address of a node's guest, when it says that it is ready and has one; from line `from` of the node's log on. */
export async function leaseOf(node: Running, from = 0): Promise<string> {
  const [, address = ''] = await node.line(/"msg":"guest \d+: ready, ([\d.]+)"/, { timeout: 60_000, from });
  return address;
}

/** Returns the guest's image, which is made if there is none. */
export async function guestImage(stage: Stage): Promise<string> {
  const { status, text } = await stage.run([bin('etherloom'), 'guest', 'build']);
  const directory = /^guest (\S+) /m.exec(text)?.[1];
  if (status !== 0 || directory === undefined) throw new Error(`etherloom guest build: ${text}`);
  return directory;
}
