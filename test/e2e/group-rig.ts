import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GroupMemberView } from '../../src/management/parts/group.ts';
import { ask } from '../http/api-stage.ts';
import type { Running } from './running.ts';
import { bin, poisoned, type Output, type Stage } from './stage.ts';

/** The nodes of one user on one machine, in groups of which each is at a port of the loopback. Commands find them as they do elsewhere. */
export class OneUser {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** The environment of all of them. */
  get env(): Readonly<Record<string, string>> {
    const XDG_RUNTIME_DIR = this.#stage.path('run');
    mkdirSync(XDG_RUNTIME_DIR, { recursive: true, mode: 0o700 });
    return { ...poisoned.env, XDG_RUNTIME_DIR };
  }

  /** Returns the state directory of a node. */
  state(name: string): string {
    return this.#stage.path(`${name}.state`);
  }

  /** Returns the options with the places of a node. */
  place(name: string): string[] {
    return ['--sock', this.#stage.path(name), '--state', this.state(name)];
  }

  /** Starts a node. */
  start(name: string, ...words: readonly string[]): Running {
    return this.#stage.start([bin('etherloom'), ...words, ...this.place(name)], { env: this.env });
  }

  /** Starts a master, and returns it when it is ready. */
  async master(name = 'm', ...more: readonly string[]): Promise<Running> {
    const file = this.lineFile(name);
    const master = this.start(name, 'master', '--listen', '127.0.0.1:0', '--subnet', '10.77.0.0/24', '--line-file', file, ...more);
    await master.line(/^ready$/);
    return master;
  }

  /** Returns the file with the first line of a master. */
  lineFile(name = 'm'): string {
    return this.#stage.path(`${name}.line`);
  }

  /** Returns the first line of a master. */
  line(name = 'm'): string {
    return readFileSync(this.lineFile(name), 'utf8').trim();
  }

  /** Starts a slave that joins by a line, and returns it when it is ready. */
  async join(name: string, line: string, ...more: readonly string[]): Promise<Running> {
    const slave = this.start(name, 'join', line, ...more);
    await slave.line(/^ready$/);
    return slave;
  }

  /** Runs a command to its end. */
  run(...words: readonly string[]): Promise<Output> {
    return this.#stage.run([bin('etherloom'), ...words], { env: this.env });
  }

  /** Runs a command about the node of that name, or fails with its output. Returns that. */
  async do(name: string, ...words: readonly string[]): Promise<string> {
    const { status, text } = await this.run(...words, '--state', this.state(name));
    if (status !== 0) throw new Error(`${words.join(' ')}: ${text}`);
    return text;
  }

  /** Starts to print the events at the node of that name. Returns the reader when it hears them: one of many ports is told of. */
  async events(name = 'm'): Promise<Running> {
    const reader = this.#stage.start([bin('etherloom'), 'events', '--json', '--state', this.state(name)], { env: this.env });
    let heard = false;
    const hears = reader.logged({ kind: 'port', change: 'added' }).finally(() => (heard = true));
    for (let port = 500; !heard; port++) await ask(join(this.state(name), 'api'), '/v1/port/create', { method: 'POST', body: { port } });
    await hears;
    return reader;
  }

  /** Returns the number of connections to the API of the node of that name. */
  listeners(name = 'm'): number {
    const sockets = readFileSync('/proc/net/unix', 'utf8').split('\n');
    return sockets.filter((line) => line.endsWith(` ${join(this.state(name), 'api')}`)).length - 1;
  }

  /** Returns the members of the group of the node of that name, by id. */
  async members(name = 'm'): Promise<ReadonlyMap<number, GroupMemberView>> {
    const { body } = await ask(join(this.state(name), 'api'), '/v1/group/members');
    return new Map((body as readonly GroupMemberView[]).map((member) => [member.id, member]));
  }

  /** Makes a token for one host at a master, and returns the line with it. */
  async newLine(name = 'm'): Promise<string> {
    const { body } = await ask(join(this.state(name), 'api'), '/v1/token/new', { method: 'POST', body: {} });
    return (body as { readonly lines: readonly string[] }).lines[0] ?? '';
  }
}
