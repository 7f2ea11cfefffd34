import type { FrameTaps } from '../../plane/frame-taps.ts';
import type { PortNumber, Switch } from '../../switch/switch.ts';
import type { Endpoint, PortTable } from '../port-table.ts';
import type { Status } from '../status.ts';

/** The frames of one port shown at another. */
export interface Mirror {
  readonly port: PortNumber;
  readonly to: PortNumber;
  /** True if `to` only listens. */
  readonly quiet: boolean;
}

/** The parts of a switch that mirrors use. */
export interface MirrorSources {
  readonly switch: Switch;
  readonly ports: PortTable<Endpoint>;
  readonly taps: FrameTaps;
  /** Sends a frame by a port unchanged, bypassing the switch. */
  readonly send: (port: PortNumber, frame: Uint8Array) => void;
}

/** The targets of a port's mirrors. */
type Targets = Map<PortNumber, { readonly quiet: boolean }>;

/** The mirrors of a switch. A mirror ends with either of its ports. */
export class Mirrors implements Disposable {
  readonly #sources: MirrorSources;
  readonly #mirrors = new Map<PortNumber, Targets>();
  /** The ports that only listen because of a mirror. */
  #quiet: ReadonlySet<PortNumber> = new Set();
  readonly #watching: Disposable;
  #tap: Disposable | undefined;

  constructor(sources: MirrorSources) {
    this.#sources = sources;
    this.#watching = sources.ports.changes.subscribe(({ kind, port }) => {
      if (kind === 'removed') this.#forget(port);
    });
  }

  /** Starts a mirror. Returns the reason if that fails. */
  add(port: PortNumber, to: PortNumber, quiet: boolean): Status {
    const { ports, taps } = this.#sources;
    if (!ports.get(port) || !ports.get(to)) return 'ENXIO';
    const targets: Targets = this.#mirrors.get(port) ?? new Map<PortNumber, { quiet: boolean }>();
    if (targets.has(to)) return 'EEXIST';
    this.#mirrors.set(port, targets.set(to, { quiet }));
    this.#tap ??= taps.add(this.#show);
    this.#hush();
    return 'success';
  }

  /** Ends the mirror of a port at `to`, or all mirrors of the port. Returns the reason if that fails. */
  remove(port: PortNumber, to: PortNumber | undefined): Status {
    const targets = this.#mirrors.get(port);
    if (!targets || (to !== undefined && !targets.delete(to))) return 'ENOENT';
    if (to === undefined || targets.size === 0) this.#mirrors.delete(port);
    this.#tidy();
    return 'success';
  }

  /** Returns the mirrors, in the order of their ports' first mirrors. */
  list(): readonly Mirror[] {
    return [...this.#mirrors].flatMap(([port, targets]) => [...targets].map(([to, { quiet }]) => ({ port, to, quiet })));
  }

  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
    this.#mirrors.clear();
    this.#tidy();
  }

  // Copies do not count as frames of their port: otherwise mirrors of mirrors would never end.
  readonly #show = (_direction: unknown, port: PortNumber, frame: Uint8Array): void => {
    for (const to of this.#mirrors.get(port)?.keys() ?? []) this.#sources.send(to, frame);
  };

  /** Ends all mirrors of a port and at it, since its number may later belong to another port. */
  #forget(port: PortNumber): void {
    this.#mirrors.delete(port);
    for (const [from, targets] of this.#mirrors) if (targets.delete(port) && targets.size === 0) this.#mirrors.delete(from);
    this.#tidy();
  }

  #tidy(): void {
    this.#hush();
    if (this.#mirrors.size > 0) return;
    this.#tap?.[Symbol.dispose]();
    this.#tap = undefined;
  }

  /** Makes the targets of quiet mirrors quiet, and no other ports. */
  #hush(): void {
    const { switch: bridge } = this.#sources;
    const quiet = new Set([...this.#mirrors.values()].flatMap((targets) => [...targets].flatMap(([to, one]) => (one.quiet ? [to] : []))));
    for (const port of new Set([...this.#quiet, ...quiet])) if (bridge.port(port)) bridge.setQuiet(port, quiet.has(port));
    this.#quiet = quiet;
  }
}
