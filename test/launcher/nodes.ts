import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { logTo } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import type { EtherloomError } from '../../src/errors.ts';
import { Master, type MasterOptions, type NodeEnvironment } from '../../src/launcher/master.ts';
import { Slave, type SlaveOptions } from '../../src/launcher/slave.ts';
import { parseTcpAddress } from '../../src/ports/tcp-address.ts';
import { parseInvitation } from '../../src/star/invitation.ts';
import { realRandom } from '../../src/random.ts';
import { parseIpv4Network } from '../../src/wire/ipv4.ts';

/** Masters and slaves in this process, with their directories; all disposed when the test ends. */
export class Nodes {
  /** The logs of masters and slaves, in order. */
  readonly logged: string[] = [];
  /** The errors of slaves. */
  readonly failures: EtherloomError[] = [];
  readonly directory: string;
  readonly #open: AsyncDisposable[] = [];
  readonly #waiters = new Set<() => void>();

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'node-'));
    onTestFinished(async () => {
      while (this.#open.length > 0) await this.#open.pop()?.[Symbol.asyncDispose]();
      rmSync(this.directory, { recursive: true, force: true });
    });
  }

  get environment(): NodeEnvironment {
    return {
      clock: realClock,
      random: realRandom,
      log: logTo((message) => {
        this.logged.push(message);
        for (const tell of this.#waiters) tell();
      }),
      signal: new AbortController().signal,
      end: () => undefined,
    };
  }

  /** Returns where the nodes of that name have their sockets. */
  sock(name: string): string {
    return join(this.directory, `${name}.sock`);
  }

  /** Returns where the nodes of that name keep their state. */
  state(name: string): string {
    return join(this.directory, name);
  }

  /** Opens a master, at a port that the system chooses unless `listen` says otherwise. */
  async master(options: Partial<MasterOptions> = {}, name = 'master'): Promise<Master> {
    const network = parseIpv4Network('10.77.0.0/24');
    if (!network) throw new Error('a network');
    const defaults = { listen: { host: '127.0.0.1', port: 0 }, network, dhcp: true, slavePorts: new Map(), reservations: new Map() };
    const paths = { sock: this.sock(name), state: this.state(name) };
    const master = await Master.open({ ...defaults, ...paths, ...options }, this.environment);
    this.#open.push(master);
    return master;
  }

  /** Opens a master where another was. */
  again(master: Master): Promise<Master> {
    return this.master({ listen: parseTcpAddress(master.link), controlPort: parseTcpAddress(master.control).port });
  }

  /** Opens a plain slave of the master, with its own directories by that name. */
  slave(master: Master, name: string, options: Partial<SlaveOptions> = {}): Promise<Slave> {
    const plain = { master: parseTcpAddress(master.link), controlPort: parseTcpAddress(master.control).port };
    return this.#slave(name, { plain, ...options });
  }

  /** Opens a slave that joins the master's group by a new line; without a master, one that has joined before. */
  async joined(master: Master | undefined, name: string, options: Partial<SlaveOptions> = {}): Promise<Slave> {
    const [line] = (await master?.newLines()) ?? [];
    return this.#slave(name, { join: { invitation: line === undefined ? undefined : parseInvitation(line) }, ...options });
  }

  async #slave(name: string, options: Partial<SlaveOptions>): Promise<Slave> {
    const paths = { sock: this.sock(name), state: this.state(name) };
    const fail = (error: EtherloomError): void => void this.failures.push(error);
    const slave = await Slave.open({ ...paths, ...options }, this.environment, fail);
    this.#open.push(slave);
    return slave;
  }

  /** Resolves when something is logged that matches, from now on or `since` that line. */
  async says(pattern: RegExp, since = this.logged.length): Promise<string> {
    const find = (): string | undefined => this.logged.slice(since).find((line) => pattern.test(line));
    const said = find();
    if (said !== undefined) return said;
    return new Promise((resolve) => {
      const tell = (): void => {
        const line = find();
        if (line === undefined) return;
        this.#waiters.delete(tell);
        resolve(line);
      };
      this.#waiters.add(tell);
    });
  }
}
