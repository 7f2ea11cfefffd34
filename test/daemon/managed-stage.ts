import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { logTo } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import type { ConsoleSocketOptions } from '../../src/console-server/console-listener.ts';
import { Management } from '../../src/daemon/management.ts';
import { SwitchService, type SwitchServiceOptions } from '../../src/daemon/switch-service.ts';
import { realRandom } from '../../src/random.ts';
import { newDirectory, using } from '../ports/rig.ts';
import { eventually } from '../eventually.ts';

/** A switch with a console, within the test's own process, until the test ends. */
export interface ManagedStage {
  readonly service: SwitchService;
  readonly management: Management;
  /** Where its console is. */
  readonly path: string;
  readonly logged: string[];
  readonly shutdowns: () => number;
}

/** Opens one, with a directory of its own. */
export async function manage(
  socket: Partial<ConsoleSocketOptions> = {},
  options: Partial<SwitchServiceOptions> = {},
): Promise<ManagedStage> {
  const directory = newDirectory();
  const logged: string[] = [];
  let shutdowns = 0;
  const environment = { clock: realClock, random: realRandom, log: logTo((message) => void logged.push(message)) };
  const service = using(await SwitchService.open({ directory: join(directory, 's'), ...options }, environment));
  const path = socket.path ?? join(directory, 'm');
  const shutdown = (): void => void (shutdowns += 1);
  const management = using(await Management.open(service, { socket: { ...socket, path }, shutdown }, environment));
  return { service, management, path, logged, shutdowns: () => shutdowns };
}

/** A client of a console's socket, with all its output. */
export class ConsoleClient {
  shown = '';
  closed = false;
  readonly socket: Socket;

  constructor(path: string) {
    this.socket = createConnection({ path, allowHalfOpen: true });
    this.socket.setEncoding('utf8').on('data', (text: string) => (this.shown += text));
    this.socket.once('close', () => (this.closed = true));
    this.socket.once('end', () => this.socket.end());
    // It may be closed before all was taken.
    this.socket.on('error', () => undefined);
    onTestFinished(() => void this.socket.destroy());
  }

  /** One who was greeted. */
  static async open(path: string): Promise<ConsoleClient> {
    const client = new ConsoleClient(path);
    await client.until((shown) => shown.endsWith('\nvde$ '));
    client.shown = '';
    return client;
  }

  /** Returns the output for a line, without the prompt behind it. */
  async say(line: string): Promise<string> {
    this.shown = '';
    this.socket.write(`${line}\n`);
    await this.until((shown) => shown.endsWith('\nvde$ '));
    return this.shown.slice(0, -'\nvde$ '.length);
  }

  /** Resolves when what was shown is so, within `timeout` milliseconds if not the usual. */
  async until(isSo: (shown: string) => boolean, timeout?: number): Promise<void> {
    await eventually(() => {
      if (!isSo(this.shown)) throw new Error(`shown was ${JSON.stringify(this.shown.slice(-300))}`);
    }, timeout);
  }

  /** Resolves when it was closed by the other side. */
  async untilClosed(): Promise<void> {
    await eventually(() => {
      if (!this.closed) throw new Error('it is open');
    });
  }
}
