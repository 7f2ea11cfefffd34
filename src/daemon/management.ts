import { ConsoleListener, defaultConsoleMode, type ConsoleSocketOptions } from '../console-server/console-listener.ts';
import { filesFor } from '../console-server/console-files.ts';
import { openTerminalConsole } from '../console-server/terminal-console.ts';
import { ownRights } from '../console-server/own-rights.ts';
import { isForUser } from '../errors.ts';
import { Feed } from '../feed.ts';
import type { Menu } from '../vde-console/command.ts';
import { Console } from '../vde-console/console.ts';
import { dhcpMenu } from '../vde-console/menus/dhcp.ts';
import { starMenu } from '../vde-console/menus/star.ts';
import { dhcpCollector } from '../management/collectors/dhcp.ts';
import { groupCollector } from '../management/collectors/group.ts';
import { starCollector } from '../management/collectors/star.ts';
import { switchCollector } from '../management/collectors/switch.ts';
import { dropSource } from '../management/drop-watch.ts';
import { Events, type EventSource } from '../management/events.ts';
import {
  dhcpSource,
  groupSource,
  operationSource,
  portSource,
  starSource,
  stationSource,
  treeSource,
} from '../management/event-sources.ts';
import { Metrics, type Collector } from '../management/metrics.ts';
import { AddressLog } from '../management/services/address-log.ts';
import { Captures } from '../management/services/captures.ts';
import { FrameReports } from '../management/services/frame-reports.ts';
import { Mirrors } from '../management/services/mirrors.ts';
import { Recording } from '../management/services/recording.ts';
import type { Saved } from '../management/settings/saver.ts';
import { settingsOf } from '../management/settings/savers.ts';
import { StationSettings } from '../management/services/station-settings.ts';
import type { DhcpPart } from '../management/parts/dhcp.ts';
import type { GroupPart } from '../management/parts/group.ts';
import type { StarPart } from '../management/parts/star.ts';
import type { Accounts, Managed, Parts } from '../management/managed.ts';
import { gidNamed, groupName, uidNamed, userName } from '../system/accounts.ts';
import { backlogCollector, processCollector } from './collectors.ts';
import { LoopLag } from './loop-lag.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { inScope, Scope } from './scope.ts';
import { SwitchLinks } from './switch-links.ts';
import type { ServiceEnvironment, SwitchService } from './switch-service.ts';
import type { Log } from '../log.ts';
import { localTime } from './local-time.ts';

/** Opens a face of a switch. A face that cannot be opened is logged, and the switch serves without it. */
export type OpenFace = (managed: Managed, environment: PortEnvironment) => Disposable | AsyncDisposable;

/** The settings of a switch's management. */
export interface ManagementOptions {
  /** The socket of its console. Default: none. */
  readonly socket?: ConsoleSocketOptions | undefined;
  /** Further faces, as the API. Default: none. */
  readonly faces?: readonly OpenFace[] | undefined;
  /** The initial size of the station table that the console shows. Default: 128. */
  readonly hashSize?: number | undefined;
  /** Ends the switch. */
  readonly shutdown: () => void;
}

/** The console of a switch: its commands, its socket, and the scripts that run on it. */
export class Management implements AsyncDisposable {
  /** The state and the actions that faces of the switch work on. */
  readonly managed: Managed;
  readonly #console: Console;
  readonly #parts: OwnParts;
  readonly #log: Log;
  /** The further faces. A role of the star closes them before its parts, which then are never seen by halves. */
  readonly faces: AsyncDisposable;
  readonly #scope: Scope;

  private constructor(console: Console, faces: AsyncDisposable, parts: OwnParts, log: Log, scope: Scope) {
    this.managed = console.managed;
    this.faces = faces;
    this.#console = console;
    this.#parts = parts;
    this.#log = log;
    this.#scope = scope;
  }

  /** Opens the console. A socket that cannot be opened is logged, and the switch serves without it. */
  static open(service: SwitchService, options: ManagementOptions, { clock, log }: ServiceEnvironment): Promise<Management> {
    return inScope((scope) => {
      const listener = options.socket && openListener(options.socket, log);
      if (listener) scope.use(listener);
      const { plane, directory, mode } = service;
      const parts: OwnParts = {};
      const metrics = new Metrics();
      const events = new Events(clock, (wall) => new Date(wall).toISOString());
      const { budget } = plane.environment;
      const lag = scope.use(new LoopLag(clock));
      for (const owner of [processCollector(clock), lag, switchCollector(plane.switch, plane.ports), backlogCollector(budget)])
        metrics.add(owner);
      const saved: Saved = {
        switch: plane.switch,
        ports: plane.ports,
        taps: plane.taps,
        moves: plane.moves,
        treeChanges: plane.treeChanges,
        clock,
        directory,
        mode,
        accounts,
        pid: process.pid,
        startedAt: clock.monotonic(),
        management: listener && { path: listener.path, mode: options.socket.mode ?? defaultConsoleMode },
        links: scope.use(new SwitchLinks(service, log)),
        captures: scope.use(new Captures({ taps: plane.taps, ports: plane.ports, clock })),
        mirrors: scope.use(new Mirrors(plane)),
        frameReports: scope.use(new FrameReports(plane.taps)),
        recording: scope.use(new Recording({ taps: plane.taps, clock })),
        addresses: scope.use(new AddressLog({ switch: plane.switch, ports: plane.ports, taps: plane.taps, clock, accounts, localTime })),
        stationSettings: new StationSettings(plane.switch, options.hashSize),
        metrics,
        events,
        performed: new Feed<string>(),
        get dhcp() {
          return parts.dhcp;
        },
        get star() {
          return parts.star;
        },
        get group() {
          return parts.group;
        },
        shutdown: options.shutdown,
      };
      for (const source of [portSource, stationSource, treeSource, dropSource, operationSource]) events.add(source(saved));
      // Without a copy: the getters must stay.
      const managed: Managed = Object.assign(saved, { settings: settingsOf(saved) });
      const console = scope.use(new Console(managed));
      listener?.serve(console, plane.environment);
      const faces = scope.use(new Scope());
      for (const openFace of options.faces ?? []) faces.use(openFace(managed, plane.environment));
      return Promise.resolve(new Management(console, faces, parts, log, scope));
    });
  }

  /** Runs the commands of a file, with the rights of this process. Their output is discarded; a file that cannot be read is logged. */
  runScript(path: string): void {
    const status = this.#console.script.runAtStart(path, filesFor(ownRights(), this.#log));
    if (status !== 'success') this.#log.warn(`the script ${path} was not read: ${status}`);
  }

  /** Adds the switch's DHCP server with its menu and its metrics, until disposed of. */
  addDhcp(dhcp: DhcpPart): Disposable {
    return this.#add({ name: 'dhcp', part: dhcp, menuOf: dhcpMenu, collector: dhcpCollector(dhcp), source: dhcpSource(dhcp) });
  }

  /** Adds the switch's role in a star with its menu and its metrics, until disposed of. */
  addStar(star: StarPart): Disposable {
    return this.#add({
      name: 'star',
      part: star,
      menuOf: starMenu,
      collector: starCollector(star),
      source: starSource(star, this.managed),
    });
  }

  /** Adds the switch's group with its metrics, until disposed of. The console has no commands for it. */
  addGroup(group: GroupPart): Disposable {
    return this.#add({ name: 'group', part: group, collector: groupCollector(group), source: groupSource(group) });
  }

  /** Makes standard input a console too. `ended` is called when the input ends. */
  openTerminal(ended: () => void): void {
    this.#scope.use(openTerminalConsole(this.#console, this.#log, ended));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }

  #add<Name extends keyof Parts>({ name, part, menuOf, collector, source }: AddedPart<Name>): Disposable {
    this.#parts[name] = part;
    const menu = menuOf && this.#console.add(menuOf(this.managed));
    const metrics = collector && this.managed.metrics.add(collector);
    const events = this.managed.events.add(source);
    return {
      [Symbol.dispose]: () => {
        events[Symbol.dispose]();
        metrics?.[Symbol.dispose]();
        menu?.[Symbol.dispose]();
        this.#parts[name] = undefined;
      },
    };
  }
}

/** A part and what shows it. */
interface AddedPart<Name extends keyof Parts> {
  readonly name: Name;
  readonly part: Parts[Name];
  /** Its menu on the console, and its metrics. Default: none. */
  readonly menuOf?: (managed: Managed) => Menu;
  readonly collector?: Collector;
  readonly source: EventSource;
}

/** The parts that are added after the switch opens, and that end before it. */
type OwnParts = { -readonly [Name in keyof Parts]: Parts[Name] };

const accounts: Accounts = { uid: uidNamed, gid: gidNamed, userName, groupName };

function openListener(socket: ConsoleSocketOptions, log: Log): ConsoleListener | undefined {
  try {
    return ConsoleListener.open(socket);
  } catch (error) {
    if (!isForUser(error)) throw error;
    log.warn(`no console at ${socket.path}: ${error.message}`);
    return undefined;
  }
}
