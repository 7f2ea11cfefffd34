import type { Clock } from '../../clock.ts';
import { EtherloomError } from '../../errors.ts';
import { ConsoleClient } from '../../console-client/client.ts';

/** Called when a port of the switch gets or loses an endpoint. */
export type EndpointListener = (port: number, present: boolean) => void;

/** A client of the console of the switch whose links are kept up. It reserves ports, and receives reports about endpoints. */
export class LocalSwitch implements Disposable {
  /** Resolves with the reason when the connection to the console has ended. */
  readonly gone: Promise<string>;
  readonly #client: ConsoleClient;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(client: ConsoleClient) {
    this.#client = client;
    this.gone = client.over.then((reason) => reason ?? 'the switch ended the session');
  }

  /** Connects to the console at `path`. Throws EtherloomError if that fails, or if the switch has no events. */
  static async open(path: string, clock: Clock, listener: EndpointListener): Promise<LocalSwitch> {
    const event = (text: string): void => {
      const [, sign, port] = /^port\/ep\/([+-]) Port (\d+) /.exec(text) ?? [];
      if (port !== undefined) listener(Number(port), sign === '+');
    };
    const client = await ConsoleClient.open({ path, clock, event });
    const opened = new LocalSwitch(client);
    try {
      await opened.#command('debug/add port/ep');
      return opened;
    } catch (error) {
      opened[Symbol.dispose]();
      throw error;
    }
  }

  /** True if the connection to the console has ended. */
  get isGone(): boolean {
    return this.#client.isOver;
  }

  /**
   * Creates a port that a client gets only if it asks for it by number. Returns the number. Throws EtherloomError('refused') if the switch
   * has no free port.
   */
  async reserve(): Promise<number> {
    const data = await this.#command('port/createauto');
    const [, port] = /^Port (\d+)$/m.exec(data.join('\n')) ?? [];
    if (port === undefined)
      throw new EtherloomError(
        'refused',
        `the switch answered port/createauto with "${data.join(' ')}", without a port number; give that command at its console to see why`,
      );
    return Number(port);
  }

  /** Removes a reserved port. Throws EtherloomError('refused') while it has endpoints. */
  async release(port: number): Promise<void> {
    await this.#command(`port/remove ${port}`);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  /** Sends a command once all earlier ones are answered, and returns its data. */
  #command(line: string): Promise<readonly string[]> {
    const answered = this.#last.then(async () => {
      const data: string[] = [];
      const { status, text } = await this.#client.command(line, (one) => data.push(one));
      if (status !== 0) throw new EtherloomError('refused', `the switch refused ${line}: ${text}`);
      return data;
    });
    this.#last = answered.catch(() => undefined);
    return answered;
  }
}
