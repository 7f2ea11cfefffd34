import { ManagedSwitch, type SwitchManagement } from '../daemon/managed-switch.ts';
import { inScope, type Scope } from '../daemon/scope.ts';
import { frameOverhead } from '../daemon/segment-mtu.ts';
import { StateDirectory } from '../daemon/state-directory.ts';
import { assert, type EtherloomError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Quality } from '../impairment/impairment.ts';
import type { BacklogBounds } from '../ports/pure/backlog.ts';
import { guestName, type NodeId } from '../star/identity.ts';
import type { Welcome } from '../star/messages.ts';
import { MemoryFiles } from '../star/memory-files.ts';
import type { SlaveEvent } from '../star/slave-event.ts';
import { formatMac } from '../wire/mac.ts';
import { GroupSlave, refusalOf, type GroupSlaveOptions } from './group-slave.ts';
import type { Card } from './guest/attachment.ts';
import type { NodeEnvironment } from './master.ts';
import { checkGuest, NodeGuest, type GuestWish } from './node-guest.ts';
import { tellSlave } from './node-standing.ts';
import { openOwnCard, type CardWish } from './own-card.ts';
import { SlaveDuty, type SlaveDutyOptions } from './slave-duty.ts';
import { RefusalLog } from './refusal-log.ts';
import { SlaveShortcuts, type SlaveShortcutsParts } from './slave-shortcuts.ts';
import { SlaveGroup } from './slave-group.ts';
import { StarLinks } from './star-links.ts';
import { SlaveNode } from './star-nodes.ts';

/** The settings of a slave. */
export interface SlaveOptions extends GroupSlaveOptions {
  /** The switch's directory. */
  readonly sock: string;
  readonly state: string;
  /** The addresses of further ports of the switch. Default: none. */
  readonly ports?: readonly string[];
  readonly guest?: GuestWish | undefined;
  /** How a QEMU of the user's own is attached, if there is no guest: see OwnCardOptions. */
  readonly card?: CardWish | undefined;
  readonly linkMtu?: number | undefined;
  /** The impairment of the link to the master, in each direction. Default: none. */
  readonly impair?: Quality | undefined;
  /** Direct links to other slaves of an encrypted star; undefined for none. */
  readonly shortcuts?: { readonly port?: number | undefined } | undefined;
  /** The backlog limits for peers of the switch that do not read. */
  readonly backlog?: BacklogBounds | undefined;
  /** The management of the switch. Default: none. */
  readonly management?: SwitchManagement | undefined;
}

/** A slave of a star: a switch with a guest, linked to the master's switch. */
export class Slave implements AsyncDisposable {
  /** The switch's directory. */
  readonly sock: string;
  /** The card for a QEMU of the user's own; undefined with a guest. */
  readonly card: Card | undefined;
  readonly #group: GroupSlave;
  readonly #scope: Scope;

  private constructor(sock: string, group: GroupSlave, card: Card | undefined, scope: Scope) {
    this.sock = sock;
    this.#group = group;
    this.card = card;
    this.#scope = scope;
  }

  /**
   * Opens the switch, joins the group, links to the master, and opens the guest. Waits for the master without a limit. A slave that has joined
   * before starts with its stored settings if no master answers. If the master changes these settings later, as after the loss of its roster, the
   * slave goes on with the new ones. `fail` is called if the membership is over. Throws EtherloomError if a part cannot be opened; the others are then closed.
   */
  static open(options: SlaveOptions, environment: NodeEnvironment, fail: (error: EtherloomError) => void): Promise<Slave> {
    return inScope(async (scope) => {
      await checkGuest(options.guest);
      const state = scope.use(StateDirectory.open(options.state));
      const { sock: directory, ports, backlog, management } = options;
      const switchOptions = { ...management, directory, trunk: true, stationName: guestName, ports, backlog };
      const managed = scope.use(await ManagedSwitch.open(switchOptions, environment, environment));
      const { plane, directory: sock } = managed.service;
      const { clock, log, signal, random, end, standing } = environment;
      const group = scope.use(
        await GroupSlave.open(options, options.join?.ephemeral === true ? new MemoryFiles() : state, { ...plane.environment, random }),
      );
      const links = new StarLinks(plane, clock);
      if (standing) scope.use(tellSlave(group, links, standing));
      const guest = scope.use(new NodeGuest({ plane, log, signal }));
      const shortcuts = await openShortcuts(options, { group, links, plane, clock, random, log }, scope);
      scope.use(managed.management.addStar(new SlaveNode({ group, links, guest, clock, shortcuts })));
      if (group.keys) scope.use(managed.management.addGroup(scope.use(new SlaveGroup({ group, links, guest, clock, shortcuts, end }))));
      scope.use(managed.management.faces);
      const welcome = await group.admitted(signal);
      if (options.join?.only === true) return new Slave(sock, group, undefined, scope);
      const guestOf: SlaveDutyOptions['guestOf'] = ({ id, mac, mtu }) =>
        options.guest && { wish: options.guest, id, mac, mtu, mode: 'client', directory: sock, state };
      const duty = scope.use(new SlaveDuty({ ...options, group, plane, links, guest, guestOf, log }));
      scope.use(group.engine.events.subscribe((event) => duty.follow(event)));
      scope.use(group.engine.events.subscribe(endOf({ group, options, log, fail, end })));
      scope.use(guest.changes.subscribe(({ state: now, address }) => group.engine.tellState(now, address)));
      await duty.begin(welcome);
      const { mac, mtu } = welcome;
      const card = options.guest
        ? undefined
        : await openOwnCard({ ...options.card, mac, mtu, directory: sock, state: state.path }, plane, scope);
      return new Slave(sock, group, card, scope);
    });
  }

  /** The id that the master assigned last. */
  get id(): NodeId {
    const { welcome } = this.#group.engine;
    assert(welcome, 'a slave that serves has its welcome');
    return welcome.id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }
}

/** Opens the shortcuts of a slave that takes any, and logs the frames from them that are refused. */
async function openShortcuts(
  { shortcuts: wish, join, linkMtu }: SlaveOptions,
  { group, log, ...parts }: Omit<SlaveShortcutsParts, 'engine' | 'keys'> & { readonly group: GroupSlave; readonly log: Log },
  scope: Scope,
): Promise<SlaveShortcuts | undefined> {
  const { keys, engine } = group;
  if (!wish || !keys || join?.only === true) return undefined;
  const maxFrame = linkMtu === undefined ? undefined : linkMtu + frameOverhead.tagged;
  const shortcuts = scope.use(await SlaveShortcuts.open({ ...parts, engine, keys }, { ...wish, maxFrame }));
  scope.use(new RefusalLog({ links: shortcuts, nameOf: () => undefined, clock: parts.clock, log }));
  return shortcuts;
}

/** A slave, and the ways in which it ends. */
interface Ends {
  readonly group: GroupSlave;
  readonly options: Pick<SlaveOptions, 'plain' | 'guest'>;
  readonly log: Log;
  readonly fail: (error: EtherloomError) => void;
  readonly end: () => void;
}

/** Returns the function that ends a slave whose membership is over, and tells its user when the settings have changed. */
function endOf({ group, options, log, fail, end }: Ends): (event: SlaveEvent) => void {
  return (event) => {
    if (event.type === 'left' || event.type === 'ended') end();
    else if (event.type === 'kicked' || (event.type === 'refused' && event.permanent && options.plain))
      fail(refusalOf(group.control, event.reason));
    else if (event.type === 'joined' && event.before && !isSame(event.before, event.welcome)) {
      const advice = options.guest
        ? 'the guest is started again with them'
        : 'start your QEMU again as "etherloom slave --print-qemu" says';
      log.warn(`the master now assigns ${describe(event.welcome)}, and assigned ${describe(event.before)} before: ${advice}`);
    }
  };
}

function isSame(a: Welcome, b: Welcome): boolean {
  return a.id === b.id && a.mac === b.mac;
}

function describe({ id, mac }: Welcome): string {
  return `id ${id}, ${formatMac(mac)}`;
}
