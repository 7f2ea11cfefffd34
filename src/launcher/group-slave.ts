import { hostname } from 'node:os';
import type { Clock } from '../clock.ts';
import { inScope, type Scope } from '../daemon/scope.ts';
import { assert, EtherloomError } from '../errors.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import type { Dialled } from '../ports/stream/dialled.ts';
import { formatTcpAddress, type TcpAddress } from '../ports/tcp-address.ts';
import type { Random } from '../random.ts';
import type { DialTarget } from '../star/channel.ts';
import { controlPortOf } from '../star/control-port.ts';
import type { Fingerprint } from '../star/fingerprint.ts';
import type { NodeId } from '../star/identity.ts';
import type { JoinInvitation } from '../star/invitation.ts';
import { formatPlace, parsePlace } from '../star/line.ts';
import type { Welcome } from '../star/messages.ts';
import type { StateFiles } from '../star/state-files.ts';
import { SlaveEngine } from '../star/slave-engine.ts';
import { joinByLine, type SlaveMemory } from '../star/slave-memory.ts';
import { ForeignMasters } from '../star/node/foreign-masters.ts';
import { KeyFiles } from '../star/node/key-files.ts';
import { plainKeyOf, SlaveFiles } from '../star/node/slave-files.ts';
import { dialControl, linkToMaster } from '../star/node/star-dial.ts';
import { ownVersion } from '../system/own-package.ts';
import { slaveLog, type LoggedControl } from './slave-log.ts';

/** The wishes of a slave that joins a group, or has joined it. */
export interface JoinWish {
  /** The line; undefined for a state that has joined. */
  readonly invitation?: JoinInvitation | undefined;
  /** True to accept another master for the group that this state belongs to. Default: false. */
  readonly newMaster?: boolean | undefined;
  /** The name that the slave asks for. Default: that of its host. */
  readonly name?: string | undefined;
  /** True to keep the key and the membership in memory only: the line is needed at each start. Default: false. */
  readonly ephemeral?: boolean | undefined;
  /** True to join alone, without a link and a guest. Default: false. */
  readonly only?: boolean | undefined;
}

/** The master of a plain slave. */
export interface PlainWish {
  readonly master: TcpAddress;
  /** Default: the port above, and then the same port, at which the master tells the two apart. */
  readonly controlPort?: number | undefined;
}

/** The way of a slave to its master: one of the two. */
export interface SlaveWay {
  readonly join?: JoinWish | undefined;
  readonly plain?: PlainWish | undefined;
}

/** The settings of a slave's membership. */
export interface GroupSlaveOptions extends SlaveWay {
  /** The id that the user demands. Default: the master assigns one. */
  readonly id?: NodeId | undefined;
  /** The silence after which the master is gone, in milliseconds. Default: 5,000. */
  readonly deadAfter?: number | undefined;
}

type Environment = PortEnvironment & { readonly random: Random };

type Means = Parameters<typeof linkToMaster>[1];

/** The parts of a membership that are open. */
interface Opened {
  readonly engine: SlaveEngine;
  readonly keys: KeyFiles | undefined;
  readonly means: Means;
}

/** The membership of a slave: its key and state on the disk, its control connection, and the way to its link. */
export class GroupSlave implements AsyncDisposable {
  readonly engine: SlaveEngine;
  /** Undefined in the plain star. */
  readonly keys: KeyFiles | undefined;
  /** The number of times that it was welcomed. */
  joins = 0;
  readonly #means: Means;
  readonly #plain: PlainWish | undefined;
  #linkPin: Fingerprint | undefined;
  readonly #scope: Scope;

  private constructor({ engine, keys, means }: Opened, options: GroupSlaveOptions, scope: Scope, log: Environment['log']) {
    this.engine = engine;
    this.keys = keys;
    this.#plain = options.plain;
    this.#means = means;
    this.#scope = scope;
    const plain = options.plain && loggedControl(options.plain);
    const tell = slaveLog(log, { plain, hasJoined: () => engine.welcome !== undefined });
    scope.use(
      engine.events.subscribe((event) => {
        if (event.type === 'joined') this.joins += 1;
        tell(event);
      }),
    );
  }

  /**
   * Reads the state, and begins to dial the master. Throws EtherloomError: `bad-option` without a line on a state that has not joined,
   * `refused` if the state belongs to another master, `bad-state`, `not-supported`, `system`.
   */
  static open(options: GroupSlaveOptions, state: StateFiles, environment: Environment): Promise<GroupSlave> {
    return inScope(async (scope) => {
      const { clock, random, log } = environment;
      const store = new SlaveFiles(state);
      const known = await store.load();
      const memory = options.plain ? plainMemory(options.plain, known, options.id) : joinedMemory(options.join ?? {}, known);
      if (memory !== known) await store.save(memory);
      const keys = options.plain ? undefined : scope.use(await KeyFiles.open(state, environment));
      const plainKey = options.plain ? await plainKeyOf(state, random) : undefined;
      const means = meansOf(keys, clock);
      const engine = scope.use(
        new SlaveEngine(
          memory,
          {
            software: ownVersion(),
            host: hostname(),
            name: options.join?.name,
            ephemeral: options.join?.ephemeral,
            demanded: options.id,
            plainKey,
            ...(options.deadAfter !== undefined && { liveness: { goneAfter: options.deadAfter } }),
          },
          { clock, random, dial: dialControl({ ...means, silence: options.deadAfter, environment }), store, keys },
        ),
      );
      return new GroupSlave({ engine, keys, means }, options, scope, log);
    });
  }

  /** The master's address for links, for people. */
  get master(): string {
    return this.linkTargets[0]?.address ?? 'the master';
  }

  /** The master's address for control connections, for people. */
  get control(): string {
    return this.#plain ? formatTcpAddress(controlOf(this.#plain)) : this.master;
  }

  /** The places at which a link is dialled. */
  get linkTargets(): readonly DialTarget[] {
    if (!this.#plain) return this.engine.linkTargets;
    const { host, port } = this.#plain.master;
    return [{ address: formatPlace(host, this.engine.welcome?.linkPort ?? port), pin: undefined, identity: 'current' }];
  }

  /** The pin that the master proved on the last link; undefined before the first, and for a plain one. */
  get linkPin(): Fingerprint | undefined {
    return this.#linkPin;
  }

  /** The far end of the link, as it is now. */
  get link(): Dialled {
    const place = parsePlace(this.master);
    const name = typeof place === 'string' ? this.master : formatTcpAddress(place);
    const proven = (pin: Fingerprint | undefined): boolean => {
      this.#linkPin = pin;
      return this.engine.notePin(pin);
    };
    return linkToMaster({ name, targets: () => this.linkTargets, proven }, this.#means);
  }

  /**
   * Waits until this slave may serve: it was welcomed; or it has joined before, and no master answers. Rejects with EtherloomError:
   * `refused` if it has never joined and is refused for good, or its membership is over; `timed-out` if the signal is aborted first.
   */
  async admitted(signal: AbortSignal): Promise<Welcome> {
    const known = this.engine.welcome !== undefined;
    let silent = 0;
    await new Promise<void>((resolve, reject) => {
      const settle = (then: () => void): void => {
        signal.removeEventListener('abort', aborted);
        subscription[Symbol.dispose]();
        then();
      };
      const aborted = (): void =>
        settle(() => reject(new EtherloomError('timed-out', 'the master was not reached before this slave was ended; start it again')));
      const subscription = this.engine.events.subscribe((event) => {
        if (event.type === 'joined') settle(resolve);
        else if (event.type === 'unreachable' && known && ++silent >= this.engine.linkTargets.length) settle(resolve);
        else if (event.type === 'refused' && known && !event.permanent && !event.withdraw) settle(resolve);
        else if (event.type === 'refused' && !known && event.permanent) settle(() => reject(refusalOf(this.control, event.reason)));
        else if (event.type === 'kicked') settle(() => reject(refusalOf(this.control, event.reason)));
        else if (event.type === 'ended') settle(() => reject(refusalOf(this.control, 'the group was ended')));
      });
      signal.addEventListener('abort', aborted);
      if (signal.aborted) aborted();
    });
    assert(this.engine.welcome, 'a slave that may serve has its welcome');
    return this.engine.welcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }
}

/** Returns the error of a slave that is refused for good. */
export function refusalOf(master: string, reason: string): EtherloomError {
  return new EtherloomError('refused', `the master at ${master} refused this slave: ${reason}`);
}

function meansOf(keys: KeyFiles | undefined, clock: Clock): Means {
  return {
    foreign: new ForeignMasters(clock),
    security: (identity) => {
      assert(keys, 'a plain slave makes no handshake');
      return keys.securityOf(identity);
    },
  };
}

function controlOf({ master, controlPort }: PlainWish): TcpAddress {
  return { host: master.host, port: controlPortOf(master.port, controlPort) };
}

function loggedControl(plain: PlainWish): LoggedControl {
  const { host, port } = controlOf(plain);
  return { name: formatTcpAddress({ host, port }), address: formatPlace(host, port), isOnly: plain.controlPort !== undefined };
}

/** Returns the places at which a plain master is asked, in this order. One without `--plain` has no control port beside its own. */
function controlPlaces(plain: PlainWish): readonly string[] {
  const { host, port } = plain.master;
  const ports = plain.controlPort === undefined ? [controlOf(plain).port, port] : [plain.controlPort];
  return ports.map((one) => formatPlace(host, one));
}

/** Returns the state of a plain slave. Throws EtherloomError('refused') if it has joined a group: a host that joined never falls back to plain. */
function plainMemory(plain: PlainWish, known: SlaveMemory | undefined, demanded: NodeId | undefined): SlaveMemory {
  if (known?.pin !== undefined) {
    const what = `this state belongs to the master with pin ${known.pin}, and is never used for a plain star`;
    throw new EtherloomError('refused', `${what}; leave out --master, or choose another --state`);
  }
  const isOther = demanded !== undefined && known?.welcome?.id !== demanded;
  return { ...known, addresses: controlPlaces(plain), ...(isOther && { welcome: undefined }) };
}

function joinedMemory({ invitation, newMaster }: JoinWish, known: SlaveMemory | undefined): SlaveMemory {
  if (invitation) {
    const { places, ...line } = invitation;
    const [first] = places;
    const place = parsePlace(first);
    assert(typeof place !== 'string', 'an invitation has addresses');
    const memory = joinByLine(known, { ...place, ...line }, { newMaster });
    return { ...memory, addresses: places };
  }
  if (known?.pin !== undefined) return known;
  throw new EtherloomError(
    'bad-option',
    'this state has not joined a group; give the line that its master printed: etherloom join LINE, or, for a plain star, etherloom slave --master HOST:PORT',
  );
}
