import type { Clock } from '../clock.ts';
import { frameOverhead } from '../daemon/segment-mtu.ts';
import type { StateDirectory } from '../daemon/state-directory.ts';
import { inScope, type Scope } from '../daemon/scope.ts';
import { SystemError } from '../errors.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { isLoopback } from '../ports/exposure.ts';
import type { Acceptor } from '../ports/pure/port.ts';
import type { TcpAddress } from '../ports/tcp-address.ts';
import type { Random } from '../random.ts';
import { controlPortOf } from '../star/control-port.ts';
import type { Fingerprint } from '../star/fingerprint.ts';
import type { NodeId } from '../star/identity.ts';
import { formatLine, formatPlace, parsePlace } from '../star/line.ts';
import type { MasterEngineOptions, NetworkTerms } from '../star/master-context.ts';
import { MasterEngine } from '../star/master-engine.ts';
import type { NewToken, TokenWish } from '../star/master-tokens.ts';
import { nodeDigest } from '../star/node/digest.ts';
import { convertRoster } from '../star/node/convert-roster.ts';
import { GroupJournal } from '../star/node/group-journal.ts';
import { KeyFiles } from '../star/node/key-files.ts';
import { ownPlaces } from '../star/node/own-places.ts';
import { StarDoor } from '../star/node/star-door.ts';
import { lockFile } from '../system/file-lock.ts';
import { ownVersion } from '../system/own-package.ts';
import { groupLog } from './group-log.ts';

/** The settings of a master's group. */
export interface GroupMasterOptions {
  /** The address of everything. Port 0 means a free one. */
  readonly listen: TcpAddress;
  /** The port at which plain slaves of version 0.2 join. Default: the one above `listen`, where plain connections can be. */
  readonly controlPort?: number | undefined;
  /** Plain link ports, each for one slave. */
  readonly slavePorts: ReadonlyMap<NodeId, number>;
  /** The addresses in lines and welcomes. Default: those of this machine. */
  readonly advertise?: readonly TcpAddress[] | undefined;
  /** True if plain connections are taken from anyone. Default: only from this user and root, within this machine. */
  readonly plain?: boolean | undefined;
  /** True if a new member waits until it is accepted. Default: false. */
  readonly approve?: boolean | undefined;
  /** The silence after which a member is gone, in milliseconds. Default: 5,000. */
  readonly deadAfter?: number | undefined;
  /** The most plain links. Default: 256. */
  readonly maxLinks?: number | undefined;
  /** The largest MTU on links, in octets. Default: as much as links can carry. */
  readonly linkMtu?: number | undefined;
  /** The name of the network's domain. */
  readonly domain?: string | undefined;
}

/** The surroundings of a master's group. */
export interface GroupMasterParts {
  readonly state: StateDirectory;
  /** The acceptor of links. */
  readonly acceptor: Acceptor;
  /** Returns the settings of the node with that id, for a plain link at that port unless it has its own. */
  readonly terms: (id: NodeId) => Omit<NetworkTerms, 'linkPort'>;
  /** The knowledge that shortcuts between slaves need. Default: there are none. */
  readonly shortcuts?: Required<Pick<MasterEngineOptions, 'whereIs' | 'rules'>> | undefined;
  readonly environment: PortEnvironment & { readonly random: Random };
}

/** A new token, and the lines to join by, one for each address. */
export interface NewLines extends NewToken {
  readonly lines: readonly string[];
}

/** The most attempts to find another free pair of ports. */
const mostAttempts = 20;

/** The group of a master: its memory on the disk, the engine that lets members in, and the door at which they come. */
export class GroupMaster implements AsyncDisposable {
  readonly engine: MasterEngine;
  readonly door: StarDoor;
  /** The address at which plain slaves join: the door's, unless there is a port for them alone. */
  readonly control: string;
  /** The numbers of welcomes and of refusals. */
  readonly counts = { joins: 0, refusals: 0 };
  /** The time at which it was opened, in milliseconds of the clock. */
  readonly openedAt: number;
  readonly #keys: KeyFiles;
  readonly #clock: Clock;
  readonly #options: GroupMasterOptions;
  readonly #scope: Scope;

  private constructor(parts: Opened, options: GroupMasterOptions, environment: Pick<PortEnvironment, 'clock' | 'log'>, scope: Scope) {
    this.engine = parts.engine;
    this.door = parts.door;
    this.#keys = parts.keys;
    this.control = parts.control;
    this.openedAt = environment.clock.monotonic();
    this.#clock = environment.clock;
    this.#options = options;
    this.#scope = scope;
    const tell = groupLog(environment);
    scope.use(
      this.engine.events.subscribe((event) => {
        if (event.type === 'joined') this.counts.joins += 1;
        else if (event.type === 'refused') this.counts.refusals += 1;
        tell(event);
      }),
    );
    scope.use(this.door.changes.subscribe(({ key, linked }) => this.engine.noteLink(key, linked)));
  }

  /** Reads the group, or begins one, and opens its door. Throws EtherloomError if a part cannot be opened; then none stays open. */
  static open(options: GroupMasterOptions, parts: GroupMasterParts): Promise<GroupMaster> {
    return inScope(async (scope) => {
      return new GroupMaster(await openParts(options, parts, scope), options, parts.environment, scope);
    });
  }

  /** The pin of the key that the door presents. */
  get fingerprint(): Fingerprint {
    return this.#keys.current;
  }

  /** The places at which the door is reached from other hosts, `HOST:PORT` each. */
  get places(): readonly string[] {
    return placesOf(this.#options, this.door.port);
  }

  /** Makes a token, and the lines to join by. Rejects with EtherloomError for an impossible wish. */
  async newLines(wish?: TokenWish): Promise<NewLines> {
    return this.linesOf(await this.engine.newToken(wish));
  }

  /** Returns the lines to join by with a new token. While the key is being changed they have both pins, and are good before it and after. */
  linesOf(made: NewToken): NewLines {
    const pins = { pin: this.fingerprint, nextPin: this.engine.pinChange?.pin };
    const lines = this.places.flatMap((text) => {
      const place = parsePlace(text);
      return typeof place === 'string' ? [] : [formatLine({ ...place, ...pins, token: made.token })];
    });
    return { ...made, lines };
  }

  /** Returns the wall clock so many milliseconds ago, in milliseconds since 1970. */
  wallAgo(milliseconds: number): number {
    return this.#clock.wall() - milliseconds;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }
}

/** The most addresses that a welcome names. */
const mostPlaces = 8;

/** Returns the places in lines and welcomes: those that the user advertises, or those of this machine. */
function placesOf({ listen, advertise = [] }: Pick<GroupMasterOptions, 'listen' | 'advertise'>, port: number): readonly string[] {
  if (advertise.length === 0) return ownPlaces({ host: listen.host, port });
  return advertise.slice(0, mostPlaces).map((place) => formatPlace(place.host, place.port));
}

/** The parts of a group that are open. */
interface Opened {
  readonly engine: MasterEngine;
  readonly door: StarDoor;
  readonly keys: KeyFiles;
  readonly control: string;
}

async function openParts(options: GroupMasterOptions, parts: GroupMasterParts, scope: Scope): Promise<Opened> {
  const { state, terms, environment } = parts;
  const keys = scope.use(await KeyFiles.open(state, environment));
  const store = scope.use(
    await GroupJournal.open({ directory: state.path, lock: lockFile, report: environment.log.warn, batch: environment.breath }),
  );
  await convertRoster(store, state, environment.clock.wall());
  // The engine is there before the door.
  const known: { door?: StarDoor } = {};
  const portOf = (): number => known.door?.port ?? options.listen.port;
  const engine = scope.use(
    await MasterEngine.open(
      store,
      {
        software: ownVersion(),
        terms: (id) => ({ ...terms(id), linkPort: options.slavePorts.get(id) ?? portOf() }),
        masters: () => [{ pin: keys.current, addresses: placesOf(options, portOf()) }],
        domain: options.domain,
        approve: options.approve === true,
        ...parts.shortcuts,
        ...(options.deadAfter !== undefined && { liveness: { goneAfter: options.deadAfter } }),
      },
      {
        clock: environment.clock,
        random: environment.random,
        digest: nodeDigest,
        keys,
        expel: (key, reason) => known.door?.endLink(key, reason),
      },
    ),
  );
  const opened = await openDoors(options, parts, { keys, engine });
  known.door = scope.use(opened.door);
  for (const [id, port] of options.slavePorts) {
    const address = await opened.door.listenPlain({ ...options.listen, port }, 'link', id);
    environment.log(`slave ${id} may link at ${address}`, { event: 'slave-port', id, address });
  }
  return { keys, engine, ...opened };
}

/** The judges of a door. */
interface Group {
  readonly keys: KeyFiles;
  readonly engine: MasterEngine;
}

/** Opens the door, and the port above it for plain slaves. For port 0, tries until a free pair is found. */
async function openDoors(
  options: GroupMasterOptions,
  parts: GroupMasterParts,
  group: Group,
): Promise<{ readonly door: StarDoor; readonly control: string }> {
  const { listen, controlPort } = options;
  const servesPlain = options.plain === true || controlPort !== undefined || isLoopback(listen.host);
  for (let attempt = 1; ; attempt++) {
    const door = await openDoor(options, parts, group);
    if (!servesPlain) return { door, control: door.address };
    try {
      return { door, control: await door.listenPlain({ ...listen, port: controlPortOf(door.port, controlPort) }, 'control') };
    } catch (error) {
      await door[Symbol.asyncDispose]();
      const inUse = error instanceof SystemError && error.errno === 'EADDRINUSE';
      if (!inUse || listen.port !== 0 || controlPort !== undefined || attempt > mostAttempts) throw error;
    }
  }
}

function openDoor(
  { listen, plain = false, maxLinks, linkMtu, deadAfter }: GroupMasterOptions,
  { acceptor, environment }: GroupMasterParts,
  { keys, engine }: Group,
): Promise<StarDoor> {
  return StarDoor.open(
    {
      listen,
      // The key of each new handshake: one that has begun, and living connections, go on when the master changes it.
      security: { accept: (fd) => keys.securityOf('current').accept(fd) },
      plain: { anyone: plain },
      admit: (key) => engine.mayLink(key),
      control: (caller, channel) => engine.accept(caller, channel),
      acceptor,
      familiar: engine.origins(),
      alive: (key) => engine.heard(key),
      mostPlain: maxLinks,
      deadAfter,
      ...(linkMtu !== undefined && { maxFrame: linkMtu + frameOverhead.tagged }),
    },
    environment,
  );
}
