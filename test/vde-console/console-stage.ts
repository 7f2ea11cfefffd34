import { Console } from '../../src/vde-console/console.ts';
import { ConsoleSession } from '../../src/vde-console/console-session.ts';
import type { Files, OpenFile } from '../../src/management/files.ts';
import { Feed } from '../../src/feed.ts';
import { AddressLog } from '../../src/management/services/address-log.ts';
import { Captures } from '../../src/management/services/captures.ts';
import { FrameReports } from '../../src/management/services/frame-reports.ts';
import { Mirrors } from '../../src/management/services/mirrors.ts';
import { Recording } from '../../src/management/services/recording.ts';
import type { Saved } from '../../src/management/settings/saver.ts';
import { settingsOf } from '../../src/management/settings/savers.ts';
import { Events } from '../../src/management/events.ts';
import { Metrics } from '../../src/management/metrics.ts';
import { StationSettings } from '../../src/management/services/station-settings.ts';
import { FrameTaps } from '../../src/plane/frame-taps.ts';
import type { Managed } from '../../src/management/managed.ts';
import { PortTable, type Endpoint, type PortTableOptions } from '../../src/management/port-table.ts';
import type { Status } from '../../src/management/status.ts';
import { Switch, type FstpChange, type PortNumber, type SwitchOptions } from '../../src/switch/switch.ts';
import { concatOctets } from '../../src/wire/octets.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';
import type { Peer } from '../../src/ports/pure/peer.ts';
import { user } from '../user.ts';

/** The options of a stage beyond those of others. */
export interface StageOptions extends Partial<PortTableOptions> {
  readonly switch?: Partial<SwitchOptions>;
  readonly managed?: Partial<Managed>;
  /** Whether it begins as a hub, or with spanning trees. */
  readonly hub?: boolean;
  readonly fstp?: boolean;
}

/** A frame that left by a port, past the switch or not. */
export interface LeftFrame {
  readonly port: PortNumber;
  readonly frame: Uint8Array;
}

/** A client at a port without a real connection: it only notes when it is closed. */
export class FakeEndpoint implements Endpoint {
  readonly id: number;
  readonly peer: Peer;
  readonly module: string;
  readonly description: string;
  readonly mtu: number | undefined;
  drops: Record<string, number> = {};
  readonly #closed: (endpoint: FakeEndpoint) => void;

  constructor(
    id: number,
    { peer = user(1000), module = 'unix prog', description = '', mtu }: Partial<Endpoint>,
    closed: (one: FakeEndpoint) => void,
  ) {
    this.id = id;
    this.peer = peer;
    this.module = module;
    this.description = description;
    this.mtu = mtu;
    this.#closed = closed;
  }

  close(): void {
    this.#closed(this);
  }
}

/** Files that are in no file system: texts by their paths, and what was written. */
export class MemoryFiles implements Files {
  readonly whose: string;
  readonly texts = new Map<string, string>();
  /** Reasons why a path can be neither read nor written. */
  readonly refusals = new Map<string, Status>();
  /** Paths that take nothing more. */
  readonly full = new Set<string>();
  readonly #written = new Map<string, Uint8Array[]>();
  /** How many files are open. */
  opened = 0;

  constructor(whose = 'somebody') {
    this.whose = whose;
  }

  readonly read = (path: string): { readonly text: string } | Status => {
    const text = this.texts.get(path);
    return this.refusals.get(path) ?? (text === undefined ? 'ENOENT' : { text });
  };

  readonly open = (path: string, how: 'new' | 'append'): OpenFile | Status => {
    const refusal = this.refusals.get(path);
    if (refusal !== undefined) return refusal;
    const pieces = how === 'append' ? (this.#written.get(path) ?? []) : [];
    this.#written.set(path, pieces);
    this.opened += 1;
    const isFull = (): boolean => this.full.has(path);
    return {
      get failed() {
        return isFull();
      },
      get failure() {
        return isFull() ? ('ENOSPC' as const) : undefined;
      },
      write: (octets) => !isFull() && pieces.push(octets.slice()) > 0,
      [Symbol.dispose]: () => void (this.opened -= 1),
    };
  };

  readonly closing = (): undefined => undefined;

  /** Returns all that was written to a path; undefined when it was never opened. */
  written(path: string): Uint8Array | undefined {
    const pieces = this.#written.get(path);
    return pieces && concatOctets(...pieces);
  }

  /** Forgets what was written. */
  empty(): void {
    for (const pieces of this.#written.values()) pieces.length = 0;
  }
}

/** A session, and all that it was shown. */
export class StageSession {
  /** Replies and events, without prompts. */
  shown = '';
  prompts = 0;
  ended = false;
  /** How many octets its reader has not taken; a test's to set. */
  backlog = 0;
  /** Is given each thing that is shown. */
  watch: ((text: string, kind: 'text' | 'prompt') => void) | undefined;
  readonly session: ConsoleSession;

  constructor(console: Console, files: Files, remote = true) {
    this.session = new ConsoleSession(console, {
      terminal: {
        write: (text) => {
          this.shown += text;
          this.watch?.(text, 'text');
        },
        prompt: (text) => {
          this.prompts += 1;
          this.watch?.(text, 'prompt');
        },
        backlog: () => this.backlog,
        wake: () => undefined,
        end: () => (this.ended = true),
      },
      files,
      remote,
    });
    this.shown = '';
    this.prompts = 0;
  }

  /** Returns the output for typed text. */
  type(piece: string): string {
    this.shown = '';
    this.session.receive(piece);
    return this.shown;
  }

  /** Returns the lines of the reply to a command, the last of which is its status. */
  say(line: string): string[] {
    return this.type(`${line}\n`).split('\n').slice(0, -1);
  }

  /** Returns the data of a reply; throws when the command failed. */
  ask(line: string): string[] {
    const lines = this.say(line);
    if (lines.at(-1) !== '1000 Success' || lines.at(-2) !== '.') throw new Error(lines.join('\n'));
    return lines.slice(1, -2);
  }
}

/** The switch of a console, with ports at which fake endpoints are, on a clock that stands still. */
export class ConsoleStage implements Disposable {
  readonly clock = new ManualClock();
  readonly files = new MemoryFiles();
  readonly taps = new FrameTaps();
  readonly switch: Switch;
  readonly ports: PortTable<FakeEndpoint>;
  readonly console: Console;
  readonly managed: Managed;
  /** The frames that left, newest last. */
  left: LeftFrame[] = [];
  /** How often the switch was told to end. */
  shutdowns = 0;
  readonly treeChanges = new Feed<FstpChange>();
  #lastId = 0;

  constructor({ switch: switchOptions, managed, hub = false, fstp = false, ...table }: StageOptions = {}) {
    this.switch = new Switch({
      clock: this.clock,
      mac: macFromNumber(0x00ff_aabb_cc01),
      transmit: (port, frame) => {
        if (this.taps.active) this.taps.show('out', port, frame);
        this.#leave(port, frame);
      },
      treeChanged: this.treeChanges.emit,
      ...switchOptions,
    });
    this.switch.fstp.enabled = fstp;
    this.switch.hub = hub;
    this.ports = new PortTable<FakeEndpoint>(this.switch, { numports: 32, ...table });
    const accounts = accountsOf({ root: 0, alice: 1000, bob: 1001 });
    const sources = { switch: this.switch, ports: this.ports, taps: this.taps, send: this.#leave.bind(this) };
    const saved: Saved = {
      switch: this.switch,
      ports: this.ports,
      taps: this.taps,
      treeChanges: this.treeChanges,
      clock: this.clock,
      pid: 4711,
      startedAt: this.clock.monotonic(),
      performed: new Feed<string>(),
      directory: '/run/sw',
      mode: 0o700,
      accounts,
      captures: new Captures(this),
      mirrors: new Mirrors(sources),
      frameReports: new FrameReports(this.taps),
      recording: new Recording(this),
      addresses: new AddressLog({ ...sources, clock: this.clock, accounts, localTime: () => 'Nov 24 06:20:01' }),
      stationSettings: new StationSettings(this.switch),
      metrics: new Metrics(),
      events: new Events(this.clock, String),
      shutdown: () => void (this.shutdowns += 1),
      ...managed,
    };
    this.managed = Object.assign(saved, { settings: settingsOf(saved) });
    this.console = new Console(this.managed);
  }

  /** Opens a new session of the console. */
  session({ remote = true, files = this.files }: { readonly remote?: boolean; readonly files?: Files } = {}): StageSession {
    return new StageSession(this.console, files, remote);
  }

  /** Puts a client at a port, with a carrier. */
  plug(port: PortNumber, who: Partial<Endpoint> = {}): FakeEndpoint {
    const endpoint = new FakeEndpoint(++this.#lastId, who, (one) => this.ports.leave(port, one));
    this.ports.join(port, endpoint);
    this.switch.setCarrier(port, true);
    return endpoint;
  }

  /** Lets a frame come in by a port. Returns what left for it, in the order of leaving. */
  receive(port: PortNumber, frame: Uint8Array): LeftFrame[] {
    const before = this.left.length;
    const borrowed = frame.slice();
    this.switch.beginBreath();
    if (this.taps.active) this.taps.show('in', port, borrowed);
    this.switch.receive(port, borrowed);
    borrowed.fill(0xa5);
    return this.left.slice(before);
  }

  [Symbol.dispose](): void {
    this.console[Symbol.dispose]();
    const { captures, mirrors, frameReports, recording, addresses } = this.managed;
    for (const service of [captures, mirrors, frameReports, recording, addresses]) service[Symbol.dispose]();
    this.switch[Symbol.dispose]();
  }

  #leave(port: PortNumber, frame: Uint8Array): void {
    if ((this.ports.at(port)?.length ?? 0) > 0) this.left.push({ port, frame: frame.slice() });
  }
}

function accountsOf(names: Readonly<Record<string, number>>): Managed['accounts'] {
  const number = (name: string): number | undefined => (Object.hasOwn(names, name) ? names[name] : undefined);
  const name = (id: number): string | undefined => Object.keys(names).find((one) => names[one] === id);
  return { uid: number, gid: number, userName: name, groupName: name };
}
