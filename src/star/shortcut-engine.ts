import { Feed } from '../feed.ts';
import type { Talk } from '../switch/talk.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { NodeId } from './identity.ts';
import { Liveness, pulse, type Watched } from './liveness.ts';
import {
  shortcutBounds,
  type ShortcutEnvironment,
  type ShortcutEvent,
  type ShortcutLink,
  type ShortcutVerdict,
} from './shortcut-context.ts';
import { Neighbours, type KnownNeighbour } from './shortcut-neighbours.ts';
import type { NamedPeer, ShortcutMessage } from './shortcut-messages.ts';
import { Seeks } from './shortcut-seeks.ts';
import type { SlaveEvent } from './slave-event.ts';

/** The silence of the master at which all shortcuts end, in milliseconds. It is judged once a pulse, so that they have ended in time. */
const mostSilence = shortcutBounds.orphan - pulse;

/**
 * The shortcuts of a slave. It asks its master about the stations that its own talk to, and links with the members behind which they are: the one with
 * the lower id dials. Both must have been told of each other's keys by the master. All is free of sockets.
 */
export class ShortcutEngine implements Disposable {
  readonly events = new Feed<ShortcutEvent>();
  readonly #environment: ShortcutEnvironment;
  readonly #neighbours: Neighbours;
  readonly #seeks: Seeks;
  readonly #subscriptions: readonly Disposable[];
  #self: NodeId | undefined;
  readonly #liveness: Liveness;
  #master: Watched | undefined;
  /** The id of this slave, once the master was silent for too long. */
  #orphan: NodeId | undefined;

  constructor(environment: ShortcutEnvironment) {
    this.#environment = environment;
    const { clock, bridge } = environment;
    this.#neighbours = new Neighbours(clock);
    this.#seeks = new Seeks(clock);
    this.#subscriptions = [bridge.talks.subscribe((station) => this.#seek(station)), bridge.lost.subscribe((port) => this.#lose(port))];
    this.#liveness = new Liveness(clock, this.#look, { suspectAfter: mostSilence, goneAfter: mostSilence });
  }

  /** Follows the events of the membership. */
  follow(event: SlaveEvent): void {
    if (event.type === 'joined') this.#join(event.welcome.id);
    else if (event.type === 'lost') this.#forgetUnlinked();
    else if (event.type === 'refused' ? event.withdraw || event.permanent : isEnd(event)) this.#leave('this slave is no member now');
    else if (event.type === 'shortcut') this.take(event.message);
  }

  /**
   * Notes a sign of life of the master on the control connection. Without one for 10 s all shortcuts end, whatever the reason: a key may be barred
   * meanwhile. Signs on the link do not count, since nothing is barred there.
   */
  heard(): void {
    if (this.#orphan === undefined) this.#master?.heard();
    else this.#join(this.#orphan);
  }

  /** Takes a message of the master. */
  take(message: ShortcutMessage): void {
    if (message.type === 'barred') this.#endKey(message.key, 'its key is barred');
    if (message.type !== 'neighbour' || this.#self === undefined || message.id === this.#self) return;
    const { id, key, addresses, station } = message;
    const before = this.#neighbours.withId(id);
    if (before && before.key !== key) this.#endKey(before.key, 'its id has another key now');
    if ((this.#neighbours.withKey(key)?.id ?? id) !== id) this.#endKey(key, 'its key has another id now');
    const neighbour = this.#neighbours.note({ id, key, addresses });
    if (!neighbour) return;
    if (station) {
      this.#neighbours.addStation(neighbour, station);
      if (neighbour.link) this.#environment.bridge.tell(station, id);
    }
    if (this.#self < id) this.#dial(neighbour);
  }

  /** Decides about a call, by the key that its far end has proven. Ask it on every call. */
  admit(key: Fingerprint): ShortcutVerdict {
    if (this.#self === undefined) return { admit: false, reason: 'this slave is not joined' };
    const neighbour = this.#neighbours.withKey(key);
    if (!neighbour || !this.#neighbours.isFresh(neighbour)) return { admit: false, reason: 'the master has not told of its key' };
    if (neighbour.id > this.#self) return { admit: false, reason: 'the side with the lower id dials' };
    if (this.#environment.clock.monotonic() - neighbour.openedAt < shortcutBounds.callPause)
      return { admit: false, reason: 'it called a moment ago' };
    if (!neighbour.link && !this.#hasRoom) return { admit: false, reason: 'there are too many shortcuts' };
    return { admit: true, id: neighbour.id };
  }

  /** Takes a call that was admitted, in the place of an earlier one of the same key. Returns the callback for its end; undefined if it was ended again. */
  accept(key: Fingerprint, link: ShortcutLink): ((reason: string) => void) | undefined {
    const verdict = this.admit(key);
    const neighbour = this.#neighbours.withKey(key);
    if (!verdict.admit || !neighbour) {
      link.end(verdict.admit ? 'it is not known' : verdict.reason);
      return undefined;
    }
    if (neighbour.link) this.#end(neighbour, 'it called again');
    this.#open(neighbour, link);
    return (reason) => this.#closed(neighbour, link, reason);
  }

  /** Returns the members to which there is a shortcut, in the order of their ids. */
  peers(): readonly NamedPeer[] {
    return this.#neighbours.list().flatMap(({ id, key, link }) => (link ? [{ id, key }] : []));
  }

  /** The hosts at which members are that the master told of: one of them may call. */
  get hosts(): ReadonlySet<string> {
    return this.#neighbours.hosts;
  }

  /** Ends all shortcuts. */
  [Symbol.dispose](): void {
    this.#leave('this slave ends');
    this.#liveness[Symbol.dispose]();
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  /** The master's earlier messages may be outdated: only the open shortcuts stay, and it is asked about them. */
  #join(id: NodeId): void {
    this.#orphan = undefined;
    this.#watch(id);
    if (this.#self !== undefined && this.#self !== id) this.#endAll('this slave has another id now');
    this.#self = id;
    this.#forgetUnlinked();
    this.#environment.send({ type: 'reach', addresses: this.#environment.addresses() });
    this.#report();
  }

  #watch(id: NodeId): void {
    this.#master?.[Symbol.dispose]();
    this.#master = this.#liveness.watch((life) => {
      if (life === 'gone') this.#beOrphan(id);
    });
  }

  #beOrphan(id: NodeId): void {
    this.#leave('the master was not heard for 10 s');
    this.#orphan = id;
  }

  #leave(reason: string): void {
    this.#master?.[Symbol.dispose]();
    this.#master = undefined;
    this.#orphan = undefined;
    this.#endAll(reason);
    this.#self = undefined;
  }

  /** True if there may be one more shortcut: calls under way count. */
  get #hasRoom(): boolean {
    return this.#neighbours.linked + this.#neighbours.dialling < shortcutBounds.shortcuts;
  }

  #seek(station: Talk): void {
    if (this.#self === undefined || this.#neighbours.linked >= shortcutBounds.shortcuts) return;
    if (this.#seeks.mayAsk(station)) this.#environment.send({ type: 'seek', ...station });
  }

  #dial(neighbour: KnownNeighbour): void {
    const { clock, dial } = this.#environment;
    if (neighbour.link || neighbour.dialling || clock.monotonic() < neighbour.again) return;
    if (this.#neighbours.dialling >= shortcutBounds.dials || !this.#hasRoom) return;
    let link: ShortcutLink | undefined;
    neighbour.dialling = dial(neighbour, {
      opened: (opened) => {
        link = opened;
        neighbour.dialling = undefined;
        neighbour.pause = shortcutBounds.firstPause;
        neighbour.again = clock.monotonic() + neighbour.pause;
        this.#open(neighbour, opened);
      },
      closed: (reason) => {
        if (link) this.#closed(neighbour, link, reason);
        else this.#fail(neighbour, reason);
      },
    });
  }

  #fail(neighbour: KnownNeighbour, reason: string): void {
    neighbour.dialling = undefined;
    // The pause differs a little, so that many slaves do not dial at once.
    neighbour.again = this.#environment.clock.monotonic() + neighbour.pause * (1 + this.#environment.random.uint32() / 2 ** 33);
    neighbour.pause = Math.min(shortcutBounds.longestPause, neighbour.pause * 2);
    this.events.emit({ type: 'failed', id: neighbour.id, reason });
  }

  #open(neighbour: KnownNeighbour, link: ShortcutLink): void {
    const { bridge, clock } = this.#environment;
    neighbour.link = link;
    neighbour.openedAt = neighbour.usedAt = clock.monotonic();
    neighbour.traffic = 0;
    bridge.open(link.port, neighbour.id);
    for (const station of neighbour.stations) bridge.tell(station, neighbour.id);
    this.#report();
    this.events.emit({ type: 'opened', id: neighbour.id });
  }

  #closed(neighbour: KnownNeighbour, link: ShortcutLink, reason: string): void {
    if (neighbour.link !== link) return;
    this.#neighbours.unlink(neighbour);
    this.#report();
    this.events.emit({ type: 'ended', id: neighbour.id, reason });
  }

  #end(neighbour: KnownNeighbour, reason: string): void {
    const { link, dialling } = neighbour;
    neighbour.dialling = undefined;
    dialling?.[Symbol.dispose]();
    link?.end(reason);
    if (link) this.#closed(neighbour, link, reason);
  }

  #endKey(key: Fingerprint, reason: string): void {
    this.#environment.endCalls(key);
    const neighbour = this.#neighbours.withKey(key);
    if (!neighbour) return;
    this.#neighbours.forget(neighbour);
    this.#end(neighbour, reason);
  }

  #endAll(reason: string): void {
    for (const { key } of this.#neighbours.list()) this.#endKey(key, reason);
  }

  #forgetUnlinked(): void {
    for (const { key, link } of this.#neighbours.list()) if (!link) this.#endKey(key, 'the master may tell of others now');
  }

  #lose(port: number): void {
    const neighbour = this.#neighbours.list().find(({ link }) => link?.port === port);
    if (neighbour) this.#end(neighbour, 'nothing was received on it');
  }

  #report(): void {
    this.#environment.send({ type: 'shortcuts', peers: this.peers() });
  }

  readonly #look = (): void => {
    const { clock, bridge } = this.#environment;
    const now = clock.monotonic();
    for (const neighbour of this.#neighbours.list()) {
      if (!neighbour.link) continue;
      const traffic = bridge.traffic(neighbour.link.port);
      if (traffic !== neighbour.traffic) neighbour.usedAt = now;
      neighbour.traffic = traffic;
      if (now - neighbour.usedAt >= shortcutBounds.idle) this.#end(neighbour, 'it was not used for a minute');
    }
  };
}

function isEnd({ type }: SlaveEvent): boolean {
  return type === 'kicked' || type === 'ended' || type === 'left' || type === 'rekeying' || type === 'waiting';
}
