import type { Clock } from '../../clock.ts';
import { assert, EtherloomError, reasonOf } from '../../errors.ts';
import { Feed } from '../../feed.ts';
import type { Log } from '../../log.ts';
import type { TcpAddress } from '../../ports/tcp-address.ts';
import type { Random } from '../../random.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import { formatMac } from '../../wire/mac.ts';
import type { NodeId } from '../identity.ts';
import { JoinClient } from './join-client.ts';
import { decodeJoinMessage, encodeJoinMessage } from '../message-codec.ts';
import type { Welcome } from '../messages.ts';
import { isNodeKey } from '../roster.ts';
import type { StateFiles } from '../state-files.ts';

/** The settings of a slave's membership. */
export interface MembershipOptions {
  /** The master's control address. */
  readonly control: TcpAddress;
  /** The id that the user demands. Default: the master assigns one. */
  readonly demanded?: NodeId | undefined;
  /** The files for the slave's key, and the master's last answer. */
  readonly state: StateFiles;
  /** Called if the master refuses this slave for good, or changes its id. */
  readonly fail: (error: EtherloomError) => void;
}

interface Environment {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const keyFile = 'node-key';
const welcomeFile = 'welcome.json';

/** A slave's place in a star. It keeps a connection to the master until disposed of, and stores the answer for its next start. */
export class Membership implements Disposable {
  /** Emits the master's answers that name another link port than the one before. */
  readonly moved = new Feed<Welcome>();
  readonly #options: MembershipOptions;
  readonly #environment: Environment;
  readonly #client: JoinClient;
  /** Resolves when the master has accepted this slave for the first time. Rejects if it has refused it. */
  readonly #first: Promise<void>;
  #accept: () => void = () => undefined;
  #refuse: (error: EtherloomError) => void = () => undefined;
  #welcome: Welcome | undefined;
  #joinedAt: number | undefined;
  #joins = 0;

  private constructor(options: MembershipOptions, key: string, environment: Environment) {
    const { control: master, demanded, state } = options;
    this.#options = options;
    this.#environment = environment;
    this.#welcome = readWelcome(state, demanded);
    this.#first = new Promise((resolve, reject) => {
      this.#accept = resolve;
      this.#refuse = reject;
    });
    // A refusal is passed to `fail`, even if no caller waits for it.
    this.#first.catch(() => undefined);
    if (this.#welcome) this.#accept();
    this.#client = new JoinClient(
      {
        master,
        hello: () => ({ type: 'hello', key, demanded, last: this.#welcome?.id }),
        welcomed: (welcome) => this.#join(welcome),
        lost: () => (this.#joinedAt = undefined),
        refused: (error) => {
          this.#refuse(error);
          options.fail(error);
        },
      },
      environment,
    );
  }

  /** Starts the connection. Throws EtherloomError('bad-state') if the key is damaged. */
  static async open(options: MembershipOptions, environment: Environment): Promise<Membership> {
    return new Membership(options, await readKey(options.state, environment.random), environment);
  }

  /** The last answer of the master, possibly from an earlier run; undefined before the first. */
  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  /** The time of the master's last welcome, in milliseconds of the clock; undefined while there is no connection. */
  get joinedAt(): number | undefined {
    return this.#joinedAt;
  }

  /** The number of times that the slave joined. */
  get joins(): number {
    return this.#joins;
  }

  /**
   * Waits until the master has accepted this slave, now or in an earlier run. Rejects with EtherloomError: `refused`, or `timed-out` if the
   * signal is aborted first.
   */
  async accepted(signal: AbortSignal): Promise<Welcome> {
    await new Promise<void>((resolve, reject) => {
      const aborted = (): void =>
        reject(new EtherloomError('timed-out', 'the master was not reached before this slave was ended; start it again'));
      if (signal.aborted) aborted();
      signal.addEventListener('abort', aborted, { once: true });
      this.#first.then(resolve, reject);
    });
    assert(this.#welcome, 'a slave that was accepted has its welcome');
    return this.#welcome;
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  #join(welcome: Welcome): void {
    const { clock, log } = this.#environment;
    const before = this.#welcome;
    this.#welcome = welcome;
    this.#joinedAt = clock.monotonic();
    this.#joins += 1;
    // A slave is ready only after its settings are stored, so that it can start again without its master.
    void this.#keep(welcome).then(this.#accept);
    const { id, mac, address } = welcome;
    const reserved = address !== undefined && { address: formatIpv4(address) };
    log(`joined as slave ${id}`, { event: 'joined', id, mac: formatMac(mac), ...reserved });
    if (!before) return;
    if (!isSame(before, welcome)) {
      const now = `the master now assigns ${describe(welcome)}, and assigned ${describe(before)} before`;
      this.#options.fail(new EtherloomError('refused', `${now}; start this slave again`));
    }
    if (before.linkPort !== welcome.linkPort) this.moved.emit(welcome);
  }

  async #keep(welcome: Welcome): Promise<void> {
    try {
      await this.#options.state.write(welcomeFile, encodeJoinMessage(welcome));
    } catch (error) {
      this.#environment.log.warn(
        `cannot store the id that the master assigned: ${reasonOf(error)}; the next start must wait for the master`,
      );
    }
  }
}

async function readKey(state: StateFiles, random: Random): Promise<string> {
  const known = state.read(keyFile)?.trim();
  if (known === undefined) {
    const key = Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, '0')).join('');
    await state.write(keyFile, `${key}\n`);
    return key;
  }
  if (isNodeKey(known)) return known;
  throw new EtherloomError('bad-state', `${state.in(keyFile)} is damaged; remove it, and the slave joins as a new one`);
}

/** Reads the settings that an earlier run stored. Returns undefined if they are damaged, or have another id than the user demands now. */
function readWelcome(state: StateFiles, demanded: NodeId | undefined): Welcome | undefined {
  const message = decodeJoinMessage(state.read(welcomeFile)?.trim() ?? '');
  if (message?.type !== 'welcome' || (demanded !== undefined && demanded !== message.id)) return undefined;
  return message;
}

function isSame(a: Welcome, b: Welcome): boolean {
  return a.id === b.id && a.mac === b.mac;
}

function describe({ id, mac }: Welcome): string {
  return `id ${id}, ${formatMac(mac)}`;
}
