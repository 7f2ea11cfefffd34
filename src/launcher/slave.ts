import { ManagedSwitch, type SwitchManagement } from '../daemon/managed-switch.ts';
import { inScope, type Scope } from '../daemon/scope.ts';
import { frameOverhead } from '../daemon/segment-mtu.ts';
import { StateDirectory } from '../daemon/state-directory.ts';
import type { EtherloomError } from '../errors.ts';
import type { Quality } from '../impairment/impairment.ts';
import type { BacklogBounds } from '../ports/pure/backlog.ts';
import { plainly } from '../ports/stream/dialled.ts';
import { tcpEndpoint } from '../ports/stream/stream-endpoint.ts';
import type { TcpAddress } from '../ports/tcp-address.ts';
import { dialTcp, type TcpDialOptions } from '../ports/tcp.ts';
import { controlPortOf } from '../star/control-port.ts';
import { guestName, type NodeId } from '../star/identity.ts';
import { Membership } from '../star/node/membership.ts';
import type { NodeEnvironment } from './master.ts';
import type { Card } from './guest/attachment.ts';
import { checkGuest, NodeGuest, type GuestWish } from './node-guest.ts';
import { openOwnCard, type CardWish } from './own-card.ts';
import { StarLinks } from './star-links.ts';
import { SlaveNode } from './star-nodes.ts';

/** The settings of a slave. */
export interface SlaveOptions {
  /** The master's listening address. */
  readonly master: TcpAddress;
  /** The master's control port. Default: the next one above its listening port. */
  readonly controlPort?: number | undefined;
  /** The id that the user requests. Default: the master assigns one. */
  readonly id?: NodeId | undefined;
  /** The switch's directory. */
  readonly sock: string;
  readonly state: string;
  /** The addresses of further ports of the switch. Default: none. */
  readonly ports?: readonly string[];
  readonly guest?: GuestWish | undefined;
  /** How a QEMU of the user's own is attached, if there is no guest: see OwnCardOptions. */
  readonly card?: CardWish | undefined;
  readonly linkMtu?: number;
  /** How long the master may be silent before the link to it ends, in milliseconds. Default: 5,000. */
  readonly deadAfter?: number | undefined;
  /** The impairment of the link to the master, in each direction. Default: none. */
  readonly impair?: Quality | undefined;
  /** The backlog limits for peers of the switch that do not read. */
  readonly backlog?: BacklogBounds | undefined;
  /** The management of the switch. Default: none. */
  readonly management?: SwitchManagement | undefined;
}

/** A slave of a star: a switch with a guest, linked to the master's switch. */
export class Slave implements AsyncDisposable {
  /** The switch's directory. */
  readonly sock: string;
  readonly id: NodeId;
  /** The card for a QEMU of the user's own; undefined with a guest. */
  readonly card: Card | undefined;
  readonly #scope: Scope;

  private constructor(sock: string, id: NodeId, card: Card | undefined, scope: Scope) {
    this.sock = sock;
    this.id = id;
    this.card = card;
    this.#scope = scope;
  }

  /**
   * Opens the switch, gets an id from the master, links to it, and opens the guest. Waits for the master without a limit. A slave that has
   * joined before starts at once with its stored settings. `fail` is called if the master refuses the slave or changes these settings.
   * Throws EtherloomError if a part cannot be opened; the others are then closed.
   */
  static open(options: SlaveOptions, environment: NodeEnvironment, fail: (error: EtherloomError) => void): Promise<Slave> {
    return inScope(async (scope) => {
      await checkGuest(options.guest);
      const state = scope.use(StateDirectory.open(options.state));
      const { master, sock: directory, ports, backlog, management, impair } = options;
      const switchOptions = { ...management, directory, trunk: true, stationName: guestName, ports, backlog };
      const managed = scope.use(await ManagedSwitch.open(switchOptions, environment, environment));
      const { plane, directory: sock } = managed.service;
      const { clock, log, signal } = environment;
      const control = { host: master.host, port: controlPortOf(master.port, options.controlPort) };
      const membership = scope.use(await Membership.open({ control, demanded: options.id, state, fail }, environment));
      const links = new StarLinks(plane, clock);
      const guest = scope.use(new NodeGuest({ plane, log, signal }));
      scope.use(managed.management.addStar(new SlaveNode({ master, control, membership, links, guest, clock })));
      const { id, mac, mtu, linkPort } = await membership.accepted(signal);
      const dialer = scope.use(dialTcp({ host: master.host, port: linkPort }, linkOptions(options), plane.environment));
      scope.use(
        membership.moved.subscribe((welcome) => dialer.redirect(plainly(tcpEndpoint({ host: master.host, port: welcome.linkPort })))),
      );
      const number = links.add(dialer.port);
      if (impair) plane.ports.setCondition(number, { impairment: impair });
      if (options.guest) await guest.start({ wish: options.guest, id, mac, mtu, mode: 'client', directory: sock, state });
      const card = options.guest
        ? undefined
        : await openOwnCard({ ...options.card, mac, mtu, directory: sock, state: state.path }, plane, scope);
      return new Slave(sock, id, card, scope);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }
}

/** Returns the options of the link. It counts as linked when the master's switch has greeted, and not when its host takes the connection. */
function linkOptions({ linkMtu, deadAfter }: SlaveOptions): TcpDialOptions {
  return { awaitsGreeting: true, deadAfter, ...(linkMtu !== undefined && { maxFrame: linkMtu + frameOverhead.tagged }) };
}
