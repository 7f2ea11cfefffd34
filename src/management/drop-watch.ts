import type { Clock, Timer } from '../clock.ts';
import type { EventSource, ServiceEvent } from './events.ts';
import type { Managed } from './managed.ts';

/** The reasons that are no fault of a network in good order: a frame has no other port to go to, its port is down, or its flow has just left a shortcut. */
const ordinary: ReadonlySet<string> = new Set(['same-port', 'no-egress', 'quiet', 'blocked', 'port-down', 'no-carrier', 'not-agreed']);

/** How often the counters are compared, and how long a reason is silent after an event, in milliseconds. */
const [interval, silence] = [1000, 60_000] as const;

/** The parts of a switch that are watched. */
type DropSubject = Pick<Managed, 'ports' | 'switch' | 'group'>;

/** A counter of drops: at an endpoint, or in the switch. */
interface Counter {
  readonly port: number;
  readonly endpoint: number | undefined;
  readonly reason: string;
  readonly count: number;
}

/** The count of the last event, and its time by the monotonic clock. */
interface Told {
  readonly count: number;
  readonly at: number;
}

/** Returns the source of drops. It compares the counters once a second, since the path of a frame tells of none. */
export function dropSource(managed: DropSubject & Pick<Managed, 'clock'>): EventSource {
  return (tell) => new DropWatch(managed, managed.clock, tell);
}

class DropWatch implements Disposable {
  readonly #managed: DropSubject;
  readonly #clock: Clock;
  readonly #tell: (event: ServiceEvent) => void;
  #told: ReadonlyMap<string, Told>;
  #timer: Timer;

  constructor(managed: DropSubject, clock: Clock, tell: (event: ServiceEvent) => void) {
    this.#managed = managed;
    this.#clock = clock;
    this.#tell = tell;
    this.#told = new Map(counters(managed).map((one) => [keyOf(one), { count: one.count, at: -Infinity }]));
    this.#timer = clock.after(interval, this.#look);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  readonly #look = (): void => {
    const now = this.#clock.monotonic();
    const told = new Map<string, Told>();
    for (const one of counters(this.#managed)) {
      const key = keyOf(one);
      const last = this.#told.get(key) ?? { count: 0, at: -Infinity };
      const isNews = one.count > last.count && now - last.at >= silence;
      if (isNews) this.#tell(this.#eventOf(one, one.count - last.count));
      told.set(key, isNews ? { count: one.count, at: now } : last);
    }
    this.#told = told;
    this.#timer = this.#clock.after(interval, this.#look);
  };

  #eventOf({ port, endpoint, reason }: Counter, frames: number): ServiceEvent {
    const member = this.#managed.group?.memberAt?.(port);
    return { kind: 'drops', port, endpoint, ...(member && { member }), reason, frames };
  }
}

function counters({ ports, switch: bridge }: Pick<DropSubject, 'ports' | 'switch'>): Counter[] {
  const ofPorts = ports
    .list()
    .flatMap(({ number, endpoints }) => [
      ...counted(number, undefined, bridge.port(number)?.counters.drops ?? {}),
      ...endpoints.flatMap(({ id, drops }) => counted(number, id, drops)),
    ]);
  const shortcuts = [...bridge.ports()].filter(({ vlans }) => vlans.shortcut);
  return [...ofPorts, ...shortcuts.flatMap((one) => counted(one.number, undefined, one.counters.drops))];
}

function counted(port: number, endpoint: number | undefined, drops: Readonly<Record<string, number>>): Counter[] {
  return Object.entries(drops)
    .filter(([reason, count]) => count > 0 && !ordinary.has(reason))
    .map(([reason, count]) => ({ port, endpoint, reason, count }));
}

function keyOf({ port, endpoint, reason }: Counter): string {
  return `${port} ${endpoint ?? ''} ${reason}`;
}
