import { closeSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import { familyOf, keyOf, type AddressKey, type IpFamily } from '../system/ip-address.ts';
import {
  bindIp,
  connectIp,
  joinGroup,
  lostPackets,
  prepared,
  setFragmentation,
  setGroupWay,
  setReceiveBuffer,
  shareAddress,
  udpSocket,
  usualReceiveBuffer,
} from '../system/ip-socket.ts';
import type { Watch } from '../system/readiness.ts';
import { ownName } from '../system/socket-name.ts';
import type { Fd } from '../system/unix-socket.ts';
import { DatagramPort } from './datagram-port.ts';
import type { PortEnvironment } from './environment.ts';
import { ForwardingPort } from './forwarding-port.ts';
import type { PathWishes } from './overlay/path-mtu.ts';
import { Intake } from './pure/intake.ts';
import { LossCount } from './pure/loss-count.ts';
import type { Port, PortCounters, Receiver } from './pure/port.ts';
import { ReturningPort } from './returning-port.ts';
import { formatTcpAddress, type TcpAddress } from './tcp-address.ts';
import { fragmentationOf, udpPath } from './udp-path.ts';
import { anyAddress, fatalErrors, notYet } from './udp.ts';

/** A group of hosts, each of which hears the frames of all others as UDP datagrams. */
export interface MulticastPortOptions {
  /** The multicast address of the group, and its UDP port. */
  readonly group: TcpAddress;
  /** The number of the interface by which frames leave and come; 0 for the one that the routes choose. */
  readonly interface: number;
  /** The address here from which frames are sent. Default: the interface's. */
  readonly local?: string | undefined;
  /** The routers that frames may cross, and one. */
  readonly hops: number;
  /** The treatment of frames that are too long for the interface. */
  readonly wishes?: PathWishes;
}

/**
 * A port on a group of hosts. It receives by a socket that others on this machine may share, and sends by another one, whose UDP port tells its
 * own frames from those of the others.
 */
export class MulticastPort extends ForwardingPort<DatagramPort> {
  readonly #fd: Fd;
  readonly #environment: PortEnvironment;
  readonly #intake: Intake;
  readonly #losses: LossCount;
  readonly #own: { readonly key: AddressKey; readonly port: number };
  #watch: Watch | undefined;
  #open = true;

  private constructor(inner: DatagramPort, [sender, receiver]: readonly [Fd, Fd], environment: PortEnvironment) {
    super(inner);
    const { host, port } = ownName(sender);
    this.#own = { key: keyOf(host), port };
    this.#fd = receiver;
    this.#environment = environment;
    this.#intake = new Intake(this.counters);
    this.#losses = new LossCount(this.counters, () => lostPackets(receiver));
  }

  /**
   * Joins the group. The port ends when this machine has no longer the address or the interface by which it sends. Throws a SystemError: ENODEV
   * without a way to the group, EADDRINUSE if a program does not share the UDP port.
   */
  static open(options: MulticastPortOptions, environment: PortEnvironment, counters?: PortCounters): MulticastPort {
    const { group, wishes = {} } = options;
    const family = familyOf(group.host);
    const sender = prepared(udpSocket(family), (fd) => prepareSender(fd, family, options));
    try {
      const receiver = prepared(udpSocket(family), (fd) => prepareReceiver(fd, options));
      const description = formatTcpAddress(group);
      const path = udpPath({ fd: sender, name: `udp-multicast ${description}`, address: group.host }, wishes, environment);
      const released = (): void => {
        path?.[Symbol.dispose]();
        port.#endReceiving();
      };
      const inner = new DatagramPort(
        { fd: sender, module: 'udp-multicast', description, counters, fatal: fatalErrors, path, released },
        environment,
      );
      const port = new MulticastPort(inner, [sender, receiver], environment);
      return port;
    } catch (error) {
      closeSync(sender);
      throw error;
    }
  }

  override attach(receiver: Receiver): void {
    this.#intake.receiver = receiver;
    super.attach(receiver);
    if (!this.#open) return;
    this.#watch ??= this.#environment.loop.readiness.watch(this.#fd, { readable: true, writable: false }, () =>
      this.#environment.breath(this.#receive),
    );
  }

  #endReceiving(): void {
    this.#open = false;
    this.#watch?.[Symbol.dispose]();
    closeSync(this.#fd);
  }

  readonly #receive = (): void => {
    const { packets } = this.#environment.loop;
    const count = packets.receive(this.#fd);
    if (typeof count === 'string') return;
    for (let i = 0; i < count && this.#open; i++) {
      if (packets.sourcePort(i) === this.#own.port && packets.source(i) === this.#own.key) continue;
      this.#intake.take(packets.packet(i));
    }
    if (this.#open) this.#losses.received(count);
  };
}

/**
 * Returns a permanent port on a group. It waits for an interface that has no address yet, and goes on when that has another one. `options` are
 * asked for each time: the number of an interface changes. Throws as `MulticastPort.open` does.
 */
export function openMulticast(group: TcpAddress, options: () => MulticastPortOptions, environment: PortEnvironment): Promise<Port> {
  const name = formatTcpAddress(group);
  return ReturningPort.open(
    {
      module: 'udp-multicast',
      description: name,
      name: `the group ${name}`,
      open: (counters) => MulticastPort.open(options(), environment, counters),
      mayWait: (error) => notYet.has(errnoOf(error) ?? ''),
    },
    environment,
  );
}

function prepareSender(fd: Fd, family: IpFamily, options: MulticastPortOptions): void {
  const { group, local = anyAddress[family], hops, wishes = {} } = options;
  setGroupWay(fd, family, { interface: options.interface, hops });
  setFragmentation(fd, family, fragmentationOf(wishes));
  bindIp(fd, local, 0);
  connectIp(fd, zoned(options), group.port);
}

function prepareReceiver(fd: Fd, options: MulticastPortOptions): void {
  shareAddress(fd);
  setReceiveBuffer(fd, usualReceiveBuffer);
  bindIp(fd, zoned(options), options.group.port);
  joinGroup(fd, options.group.host, options.interface);
}

/** Returns the address of the group, in IPv6 with its interface: an address of one link means another group on each. */
function zoned({ group, interface: number }: MulticastPortOptions): string {
  return familyOf(group.host) === 6 && number !== 0 ? `${group.host}%${number}` : group.host;
}
