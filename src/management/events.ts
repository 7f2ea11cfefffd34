import type { Clock } from '../clock.ts';
import { Feed } from '../feed.ts';
import type { LeaseEvent } from './parts/dhcp.ts';
import type { GroupEvent } from './parts/group.ts';
import type { GuestView } from './parts/star.ts';

/** A port of the switch. `emptied`: its last endpoint is gone. `set`: its condition was changed; `condition` has it in words. */
export interface PortEvent {
  readonly kind: 'port';
  readonly change: 'added' | 'emptied' | 'removed' | 'up' | 'down' | 'set';
  readonly port: number;
  readonly condition?: string;
}

/** An endpoint of a port. */
export interface EndpointEvent {
  readonly kind: 'endpoint';
  readonly change: 'joined' | 'left';
  readonly port: number;
  readonly id: number;
  readonly module: string;
  readonly description: string;
}

/** A station that sends by another port than before, `more` further times since the last report. See StationMove. */
export interface StationEvent {
  readonly kind: 'station';
  readonly change: 'moved';
  readonly mac: string;
  readonly vlan: number;
  readonly from: number;
  readonly to: number;
  readonly stays: boolean;
  readonly more: number;
}

/** A sign of a loop. See LoopSign. */
export interface LoopEvent {
  readonly kind: 'loop';
  readonly ports: readonly number[];
  readonly stations: number;
  readonly frames: number;
}

/** A change in the spanning tree of a VLAN: the root with the port to it, the state of a port, or a bridge behind a port. */
export type TreeEvent =
  | {
      readonly kind: 'tree';
      readonly change: 'root';
      readonly vlan: number;
      readonly root: string;
      readonly port: number | undefined;
    }
  | { readonly kind: 'tree'; readonly change: 'forwarding' | 'blocked'; readonly vlan: number; readonly port: number }
  | { readonly kind: 'tree'; readonly change: 'neighbour' | 'no-neighbour'; readonly vlan: number; readonly port: number };

/** A link to another node of the star. */
export interface LinkEvent {
  readonly kind: 'link';
  readonly change: 'up' | 'down';
  readonly port: number;
  readonly peer: string;
}

/** Frames that were lost at a port for a reason that needs attention, at most one event a minute for each reason. */
export interface DropEvent {
  readonly kind: 'drops';
  readonly port: number;
  /** The endpoint that lost them; undefined for the switch itself. */
  readonly endpoint: number | undefined;
  /** The member of the group whose link, or shortcut, has the port; undefined for other ports. A slave does not know its name. */
  readonly member?: { readonly id: number; readonly name?: string | undefined } | undefined;
  readonly reason: string;
  /** The number since the last event. */
  readonly frames: number;
}

/** An operation that changed something was run, by whichever face. Its arguments may be secret, so they are not told. */
export interface OperationEvent {
  readonly kind: 'operation';
  readonly name: string;
}

/** An event of a service, as plain data. */
export type ServiceEvent =
  | PortEvent
  | EndpointEvent
  | StationEvent
  | LoopEvent
  | TreeEvent
  | LinkEvent
  | ({ readonly kind: 'lease' } & LeaseEvent)
  | ({ readonly kind: 'member'; readonly change: GroupEvent['kind'] } & Omit<GroupEvent, 'kind'>)
  | ({ readonly kind: 'guest' } & GuestView)
  | DropEvent
  | OperationEvent;

/** An event with its time, as an ISO 8601 text. */
export type TimedEvent = ServiceEvent & { readonly time: string };

/** A source of events. It does its work only between a call, which begins with it, and the disposal of the result. */
export type EventSource = (tell: (event: ServiceEvent) => void) => Disposable;

/** The events of all owners of a service. Without a listener no source works. */
export class Events {
  readonly #feed = new Feed<TimedEvent>();
  readonly #sources = new Map<EventSource, Disposable | undefined>();
  readonly #clock: Clock;
  readonly #textOf: (wall: number) => string;

  /** `textOf` makes an ISO 8601 time of milliseconds since 1970. */
  constructor(clock: Clock, textOf: (wall: number) => string) {
    this.#clock = clock;
    this.#textOf = textOf;
  }

  /** Adds an owner's events until disposed. */
  add(source: EventSource): Disposable {
    this.#sources.set(source, this.#feed.wanted ? source(this.#tell) : undefined);
    return {
      [Symbol.dispose]: () => {
        this.#sources.get(source)?.[Symbol.dispose]();
        this.#sources.delete(source);
      },
    };
  }

  /** Calls `listener` with each event until disposed. The first listener starts the sources, the last one's end stops them. */
  subscribe(listener: (event: TimedEvent) => void): Disposable {
    const subscription = this.#feed.subscribe(listener);
    for (const [source, running] of this.#sources) if (!running) this.#sources.set(source, source(this.#tell));
    return {
      [Symbol.dispose]: () => {
        subscription[Symbol.dispose]();
        if (this.#feed.wanted) return;
        for (const [source, running] of this.#sources) {
          running?.[Symbol.dispose]();
          this.#sources.set(source, undefined);
        }
      },
    };
  }

  readonly #tell = (event: ServiceEvent): void => this.#feed.emit({ time: this.#textOf(this.#clock.wall()), ...event });
}
