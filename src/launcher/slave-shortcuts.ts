import type { Clock } from '../clock.ts';
import type { DataPlane } from '../daemon/data-plane.ts';
import type { ShortcutView } from '../management/parts/group.ts';
import { onceAMinute } from '../ports/once-a-minute.ts';
import type { PortNumber } from '../ports/pure/port.ts';
import type { Random } from '../random.ts';
import type { NodeId } from '../star/identity.ts';
import type { KeyFiles } from '../star/node/key-files.ts';
import type { ShortcutEvent } from '../star/shortcut-context.ts';
import { ShortcutEngine } from '../star/shortcut-engine.ts';
import { RuleParts } from '../star/shortcut-rules.ts';
import type { SlaveEngine } from '../star/slave-engine.ts';
import type { SlaveEvent } from '../star/slave-event.ts';
import { toldPolicy, type ToldRules } from '../star/told-rules.ts';
import type { SenderPolicy } from '../switch/sender-policy.ts';
import { ShortcutSockets } from './shortcut-sockets.ts';
import type { MemberRefusals, StarLinks } from './star-links.ts';

/** The parts of a slave that its shortcuts join. */
export interface SlaveShortcutsParts {
  readonly engine: SlaveEngine;
  readonly keys: KeyFiles;
  readonly plane: DataPlane;
  readonly links: StarLinks;
  readonly clock: Clock;
  readonly random: Random;
}

/** The settings of a slave's shortcuts. */
export interface SlaveShortcutsOptions {
  /** The TCP port at which other slaves dial this one. Default: any free one. */
  readonly port?: number | undefined;
  /** The longest frame, in octets. Default: 65,535. */
  readonly maxFrame?: number | undefined;
}

/** The shortcuts of a slave: it follows the membership, and joins the switch, the engine and the sockets. */
export class SlaveShortcuts implements Disposable {
  readonly engine: ShortcutEngine;
  readonly #parts: SlaveShortcutsParts;
  readonly #sockets: ShortcutSockets;
  readonly #tell: (event: ShortcutEvent) => void;
  readonly #parting = new RuleParts();
  readonly #subscriptions: readonly Disposable[];
  #rules: ToldRules | undefined;
  /** The id and the uplink with which shortcuts were begun at the switch. */
  #begun: { readonly id: NodeId; readonly uplink: object } | undefined;

  private constructor(parts: SlaveShortcutsParts, { maxFrame }: SlaveShortcutsOptions) {
    const { engine, keys, plane, links, clock, random } = parts;
    this.#parts = parts;
    this.#sockets = new ShortcutSockets({ keys, plane, engine: () => this.engine, policyOf: (id) => this.#policyOf(id), maxFrame });
    this.engine = new ShortcutEngine({
      clock,
      random,
      bridge: plane.switch.shortcuts,
      dial: this.#sockets.dial,
      send: (message) => engine.tellShortcuts(message),
      endCalls: (key) => this.#sockets.endCalls(key),
      addresses: () => this.#sockets.addresses(),
    });
    this.#tell = this.#logger();
    this.#subscriptions = [
      engine.events.subscribe((event) => this.#follow(event)),
      engine.signs.subscribe(() => this.engine.heard()),
      links.watchUplink((isUp) => isUp && this.#begin()),
      this.engine.events.subscribe((event) => this.#tell(event)),
    ];
  }

  /** Opens the door for other slaves. Rejects with a SystemError if the chosen port cannot be used (EADDRINUSE, EACCES). */
  static async open(parts: SlaveShortcutsParts, options: SlaveShortcutsOptions): Promise<SlaveShortcuts> {
    const opened = new SlaveShortcuts(parts, options);
    try {
      await opened.#sockets.listen(options.port ?? 0);
      return opened;
    } catch (error) {
      opened[Symbol.dispose]();
      throw error;
    }
  }

  /** Returns the open shortcuts, in the order of the ids of their members. */
  list(): readonly ShortcutView[] {
    const { plane, clock } = this.#parts;
    const open = new Set(this.engine.peers().map(({ id }) => id));
    const views = this.#sockets.list().flatMap(({ port, id, address, since }) => {
      const counts = plane.shortcuts.counts(port);
      if (!counts || !open.has(id)) return [];
      return [{ id, address, port, seconds: Math.floor((clock.monotonic() - since) / 1000), ...counts }];
    });
    return views.sort((a, b) => a.id - b.id);
  }

  /** Returns the members from whose shortcuts frames were refused. */
  *refused(): Generator<MemberRefusals> {
    for (const { id, refused } of this.list()) if (Object.keys(refused).length > 0) yield { id, counts: refused };
  }

  /** Returns the member at the far end of a port; undefined if that is no shortcut. */
  memberAt(number: PortNumber): NodeId | undefined {
    return this.#sockets.list().find(({ port }) => port === number)?.id;
  }

  /** Ends all shortcuts, and closes the door. */
  [Symbol.dispose](): void {
    this.engine[Symbol.dispose]();
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    this.#sockets[Symbol.dispose]();
  }

  #follow(event: SlaveEvent): void {
    if (event.type === 'joined') this.#begin();
    if (event.type === 'shortcut' && event.message.type === 'rules') {
      this.#rules = this.#parting.take(event.message) ?? this.#rules;
      this.#sockets.renewPolicies();
    }
    this.engine.follow(event);
  }

  /** Begins shortcuts at the switch once the id and the uplink are known, and again if one of them is another. */
  #begin(): void {
    const { engine, links, plane } = this.#parts;
    const id = engine.welcome?.id;
    const [link] = links.list();
    // A later port may have the number of an earlier one.
    const uplink = link && plane.switch.port(link.port);
    if (id === undefined || !uplink || (this.#begun?.id === id && this.#begun.uplink === uplink)) return;
    this.#begun = { id, uplink };
    plane.switch.shortcuts.begin(id, link.port);
  }

  #policyOf(id: NodeId): SenderPolicy | undefined {
    const network = this.#parts.engine.welcome?.network;
    return this.#rules && network && toldPolicy(id, network, this.#rules);
  }

  #logger(): (event: ShortcutEvent) => void {
    const { clock, plane } = this.#parts;
    const { log } = plane.environment;
    const seldom = onceAMinute(clock, log);
    return (event) => {
      const { type, id } = event;
      const { address = 'an address that is gone' } = this.list().find((one) => one.id === id) ?? {};
      const key = `${type} ${id}`;
      if (type === 'opened') seldom(`a shortcut to slave ${id} at ${address} is open`, { key, fields: { event: 'shortcut', id, address } });
      else if (type === 'ended')
        seldom(`the shortcut to slave ${id} has ended: ${event.reason}`, { key, fields: { event: 'shortcut-ended', id } });
      else seldom(`frames to slave ${id} go by the master: ${event.reason}`, { key });
    };
  }
}
