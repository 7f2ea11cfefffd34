import { inScope, type Scope } from '../daemon/scope.ts';
import { ManagedSwitch, type SwitchManagement } from '../daemon/managed-switch.ts';
import { EtherloomError, reasonOf } from '../errors.ts';
import type { BacklogBounds } from '../ports/backlog.ts';
import type { Quality } from '../impairment/impairment.ts';
import { tcpEndpoint } from '../ports/stream/stream-endpoint.ts';
import type { TcpAddress } from '../ports/tcp-address.ts';
import { dialTcp } from '../ports/tcp.ts';
import type { Random } from '../random.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { formatMac } from '../wire/mac.ts';
import { guestName, type NodeId } from '../star/identity.ts';
import { controlPortOf } from '../star/control-port.ts';
import { JoinClient } from '../star/join-client.ts';
import type { Hello, Welcome } from '../star/join-messages.ts';
import { decodeJoinMessage, encodeJoinMessage } from '../star/join-messages.ts';
import type { NodeEnvironment } from './master.ts';
import { checkGuest, openNodeGuest, type GuestWish } from './node-guest.ts';
import { isNodeKey } from '../star/roster.ts';
import { StateDirectory } from '../daemon/state-directory.ts';

/** The settings of a slave. */
export interface SlaveOptions {
  /** The master's listening address. */
  readonly master: TcpAddress;
  /** The master's control port. Default: the one above its listening address. */
  readonly controlPort?: number | undefined;
  /** The id that the user demands. Default: the master assigns one. */
  readonly id?: NodeId | undefined;
  /** The switch's directory. */
  readonly sock: string;
  readonly state: string;
  readonly guest?: GuestWish | undefined;
  readonly linkMtu?: number;
  /** The impairment of the link to the master, in each direction. Default: none. */
  readonly impair?: Quality | undefined;
  /** The backlog limits for peers of the switch that do not read. */
  readonly backlog?: BacklogBounds | undefined;
  /** The management of the switch. Default: none. */
  readonly management?: SwitchManagement | undefined;
}

const keyFile = 'node-key';
const welcomeFile = 'welcome.json';

/** A slave of a star: its own switch with its guest, linked to the master's. */
export class Slave implements AsyncDisposable {
  /** The switch's directory. */
  readonly sock: string;
  readonly id: NodeId;
  readonly #scope: Scope;

  private constructor(sock: string, id: NodeId, scope: Scope) {
    this.sock = sock;
    this.id = id;
    this.#scope = scope;
  }

  /**
   * Opens the switch, asks the master for an id, links to it, and opens the guest. Waits for the master without a limit. A slave that
   * joined before starts at once with its stored settings. `fail` is called if the master refuses, or changes these settings. Throws
   * EtherloomError if a part cannot be opened; then no part stays open.
   */
  static open(options: SlaveOptions, environment: NodeEnvironment, fail: (error: EtherloomError) => void): Promise<Slave> {
    return inScope(async (scope) => {
      await checkGuest(options.guest);
      const state = scope.use(StateDirectory.open(options.state));
      const { sock: directory, backlog, management } = options;
      const switchOptions = { ...management, directory, trunk: true, stationName: guestName, backlog };
      const { service } = scope.use(await ManagedSwitch.open(switchOptions, environment, environment));
      const link = ({ linkPort }: Welcome): TcpAddress => ({ host: options.master.host, port: linkPort });
      let redirect: (moved: Welcome) => void = () => undefined;
      const welcome = await join(options, state, environment, fail, (moved) => redirect(moved), scope);
      const { id, mac, mtu } = welcome;
      const { linkMtu } = options;
      const { plane } = service;
      const dialer = scope.use(dialTcp(link(welcome), linkMtu === undefined ? {} : { maxFrame: linkMtu + 18 }, plane.environment));
      const number = plane.add(dialer.port);
      if (options.impair) plane.ports.setCondition(number, { impairment: options.impair });
      redirect = (moved) => dialer.redirect(tcpEndpoint(link(moved)));
      if (options.guest) {
        const guest = { wish: options.guest, id, mac, mtu, mode: 'client', directory: service.directory, state } as const;
        await openNodeGuest(guest, plane, environment.log, environment.signal, scope);
      }
      return new Slave(service.directory, id, scope);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }
}

/** Keeps a connection to the master, and returns the first settings: stored by an earlier run, or received now. */
async function join(
  options: SlaveOptions,
  state: StateDirectory,
  { clock, random, log, signal }: NodeEnvironment,
  fail: (error: EtherloomError) => void,
  moved: (welcome: Welcome) => void,
  scope: Scope,
): Promise<Welcome> {
  const { master, id: demanded } = options;
  const controlPort = controlPortOf(master.port, options.controlPort);
  const key = await readKey(state, random);
  let known = readWelcome(state, demanded);
  return new Promise((resolve, reject) => {
    const keep = (welcome: Welcome): Promise<void> =>
      state.write(welcomeFile, encodeJoinMessage(welcome)).catch((error: unknown) => {
        log.warn(`cannot store the id that the master assigned: ${reasonOf(error)}; the next start must wait for the master`);
      });
    const hello = (): Hello => ({ type: 'hello', key, demanded, last: known?.id });
    const welcomed = (welcome: Welcome): void => {
      // A slave is ready only after its settings are stored, so that it can start again without its master.
      void keep(welcome).then(() => resolve(welcome));
      const { id, mac, address } = welcome;
      log(`joined as slave ${id}`, {
        event: 'joined',
        id,
        mac: formatMac(mac),
        ...(address !== undefined && { address: formatIpv4(address) }),
      });
      if (known && !isSame(known, welcome)) {
        fail(
          new EtherloomError(
            'refused',
            `the master now assigns ${describe(welcome)}, and assigned ${describe(known)} before; start this slave again`,
          ),
        );
      }
      if (known && known.linkPort !== welcome.linkPort) moved(welcome);
      known = welcome;
    };
    const refused = (error: EtherloomError): void => {
      reject(error);
      fail(error);
    };
    if (known) resolve(known);
    scope.use(new JoinClient({ master: { host: master.host, port: controlPort }, hello, welcomed, refused }, { clock, log }));
    const aborted = (): void =>
      reject(new EtherloomError('timed-out', 'the master was not reached before this slave was told to end; start it again'));
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted, { once: true });
  });
}

async function readKey(state: StateDirectory, random: Random): Promise<string> {
  const known = state.read(keyFile)?.trim();
  if (known === undefined) {
    const key = Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, '0')).join('');
    await state.write(keyFile, `${key}\n`);
    return key;
  }
  if (isNodeKey(known)) return known;
  throw new EtherloomError('bad-state', `${state.in(keyFile)} is damaged; remove it, and the slave joins as a new one`);
}

/** Reads the settings that an earlier run stored. Returns undefined if they are damaged, or have another id than the user demands now. */
function readWelcome(state: StateDirectory, demanded: NodeId | undefined): Welcome | undefined {
  const message = decodeJoinMessage(state.read(welcomeFile)?.trim() ?? '');
  if (message?.type !== 'welcome' || (demanded !== undefined && demanded !== message.id)) return undefined;
  return message;
}

function isSame(a: Welcome, b: Welcome): boolean {
  return a.id === b.id && a.mac === b.mac;
}

function describe({ id, mac }: Welcome): string {
  return `id ${id}, ${formatMac(mac)}`;
}
