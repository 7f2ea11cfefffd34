import type { PortNumber } from '../../switch/switch.ts';
import { leadingInteger, scanIntegers } from '../arguments.ts';
import { command, heading, query, type Menu } from '../command.ts';
import type { Managed } from '../managed.ts';
import type { Status } from '../status.ts';

/** Where a port is shown, and whether that port only listens. */
type Targets = Map<PortNumber, { readonly quiet: boolean }>;

/** Mirrors: what passes a port is shown at another one. */
class Mirrors {
  readonly #managed: Managed;
  readonly #mirrors = new Map<PortNumber, Targets>();
  /** The ports that only listen, because a mirror says so. */
  #quiet: ReadonlySet<PortNumber> = new Set();
  #tap: Disposable | undefined;

  constructor(managed: Managed) {
    this.#managed = managed;
  }

  add(port: PortNumber, to: PortNumber, quiet: boolean): Status {
    const { ports, taps } = this.#managed;
    if (!ports.get(port) || !ports.get(to)) return 'ENXIO';
    const targets: Targets = this.#mirrors.get(port) ?? new Map<PortNumber, { quiet: boolean }>();
    if (targets.has(to)) return 'EEXIST';
    this.#mirrors.set(port, targets.set(to, { quiet }));
    this.#tap ??= taps.add(this.#show);
    this.#hush();
    return 'success';
  }

  /** Ends the mirror of a port at `to`, or all of the port. */
  remove(port: PortNumber, to: PortNumber | undefined): Status {
    const targets = this.#mirrors.get(port);
    if (!targets || (to !== undefined && !targets.delete(to))) return 'ENOENT';
    if (to === undefined || targets.size === 0) this.#mirrors.delete(port);
    this.#tidy();
    return 'success';
  }

  /** Ends all mirrors of a port, and at it: whoever gets its number next is somebody else. */
  forget(port: PortNumber): void {
    this.#mirrors.delete(port);
    for (const [from, targets] of this.#mirrors) if (targets.delete(port) && targets.size === 0) this.#mirrors.delete(from);
    this.#tidy();
  }

  *list(): Generator<string> {
    for (const [port, targets] of this.#mirrors)
      for (const [to, { quiet }] of targets) yield `Port ${port} to port ${to}${quiet ? ' quiet' : ''}`;
  }

  [Symbol.dispose](): void {
    this.#mirrors.clear();
    this.#tidy();
  }

  // What is shown at a port does not pass it: mirrors of mirrors would never end.
  readonly #show = (_direction: unknown, port: PortNumber, frame: Uint8Array): void => {
    for (const to of this.#mirrors.get(port)?.keys() ?? []) this.#managed.send(to, frame);
  };

  #tidy(): void {
    this.#hush();
    if (this.#mirrors.size > 0) return;
    this.#tap?.[Symbol.dispose]();
    this.#tap = undefined;
  }

  /** Lets only those ports listen of which a mirror says so; one that was removed needs no word. */
  #hush(): void {
    const { switch: bridge } = this.#managed;
    const quiet = new Set([...this.#mirrors.values()].flatMap((targets) => [...targets].flatMap(([to, one]) => (one.quiet ? [to] : []))));
    for (const port of new Set([...this.#quiet, ...quiet])) if (bridge.port(port)) bridge.setQuiet(port, quiet.has(port));
    this.#quiet = quiet;
  }
}

/** Two numbers as C has them, and perhaps the word. */
const addForm = /^(?:0x[\da-f]+|\d+)\s+(?:0x[\da-f]+|\d+)(\s+quiet)?\s*$/i;

/** The commands of mirrors. */
export function mirrorMenu(managed: Managed): Menu {
  const mirrors = new Mirrors(managed);
  const watching = managed.ports.changes.subscribe(({ kind, port }) => {
    if (kind === 'removed') mirrors.forget(port);
  });
  return {
    commands: [
      heading('mirror', 'copies of the frames of one port at another'),
      command(
        'mirror/add',
        'PORT TO [quiet]',
        'copy all frames that enter or leave by PORT to TO; quiet: TO only listens',
        ({ argument }) => {
          const [port, to] = scanIntegers(argument, 2) ?? [];
          const [whole, quiet] = addForm.exec(argument) ?? [];
          if (whole === undefined || port === undefined || to === undefined || port === to) return 'EINVAL';
          return mirrors.add(port, to, quiet !== undefined);
        },
      ),
      command('mirror/del', 'PORT [TO]', 'stop copying, to TO or to all', ({ argument }) => {
        const [port, to] = scanIntegers(argument, 2) ?? [leadingInteger(argument)];
        return mirrors.remove(port ?? -1, to);
      }),
      query('mirror/print', '', 'list the mirrors', ({ print }) => {
        for (const line of mirrors.list()) print(line);
        return 'success';
      }),
    ],
    [Symbol.dispose]: () => {
      watching[Symbol.dispose]();
      mirrors[Symbol.dispose]();
    },
  };
}
