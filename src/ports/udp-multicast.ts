import { closeSync } from 'node:fs';
import { familyOf, keyOf, type AddressKey, type IpFamily } from '../system/ip-address.ts';
import {
  bindIp,
  connectIp,
  joinGroup,
  lostPackets,
  setFragmentation,
  setGroupWay,
  setReceiveBuffer,
  shareAddress,
  udpSocket,
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
import type { Receiver } from './pure/port.ts';
import { formatTcpAddress, type TcpAddress } from './tcp-address.ts';
import { fragmentationOf, udpPath } from './udp-path.ts';
import { anyAddress, udpReceiveBuffer } from './udp.ts';

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

  private constructor(sender: Fd, receiver: Fd, { group, wishes = {} }: MulticastPortOptions, environment: PortEnvironment) {
    const description = formatTcpAddress(group);
    const path = udpPath({ fd: sender, name: `udp-multicast ${description}`, address: group.host }, wishes, environment);
    const released = (): void => path?.[Symbol.dispose]();
    super(new DatagramPort({ fd: sender, module: 'udp-multicast', description, path, released }, environment));
    const { host, port } = ownName(sender);
    this.#own = { key: keyOf(host), port };
    this.#fd = receiver;
    this.#environment = environment;
    this.#intake = new Intake(this.counters);
    this.#losses = new LossCount(this.counters, () => lostPackets(receiver));
  }

  /** Joins the group. Throws a SystemError: ENODEV without a way to the group, EADDRINUSE if a program does not share the UDP port. */
  static open(options: MulticastPortOptions, environment: PortEnvironment): MulticastPort {
    const family = familyOf(options.group.host);
    const sender = begun(family, (fd) => prepareSender(fd, family, options));
    try {
      const receiver = begun(family, (fd) => prepareReceiver(fd, options));
      return new MulticastPort(sender, receiver, options, environment);
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

  override async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#watch?.[Symbol.dispose]();
    closeSync(this.#fd);
    await super[Symbol.asyncDispose]();
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

function prepareSender(fd: Fd, family: IpFamily, options: MulticastPortOptions): void {
  const { group, local = anyAddress[family], hops, wishes = {} } = options;
  setGroupWay(fd, family, { interface: options.interface, hops });
  setFragmentation(fd, family, fragmentationOf(wishes));
  bindIp(fd, local, 0);
  connectIp(fd, zoned(options), group.port);
}

function prepareReceiver(fd: Fd, options: MulticastPortOptions): void {
  shareAddress(fd);
  setReceiveBuffer(fd, udpReceiveBuffer);
  bindIp(fd, zoned(options), options.group.port);
  joinGroup(fd, options.group.host, options.interface);
}

/** Returns the address of the group, in IPv6 with its interface: an address of one link means another group on each. */
function zoned({ group, interface: number }: MulticastPortOptions): string {
  return familyOf(group.host) === 6 && number !== 0 ? `${group.host}%${number}` : group.host;
}

/** Returns a socket after `work` on it. Closes it if that throws. */
function begun(family: IpFamily, work: (fd: Fd) => void): Fd {
  const fd = udpSocket(family);
  try {
    work(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
