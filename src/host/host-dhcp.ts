import type { Clock } from '../clock.ts';
import type { ClientLease } from '../dhcp/client-lease.ts';
import { DhcpClient, type DhcpClientOptions } from '../dhcp/client.ts';
import type { Random } from '../random.ts';
import { decodeDhcp, dhcpPorts, encodeDhcp, messageTypeOf, messageTypes, type DhcpMessage } from '../wire/dhcp.ts';
import { ipProtocols, unspecifiedIpv4, type Ipv4, type Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { isIpv6 } from '../wire/ip.ts';
import { encodeUdp } from '../wire/udp.ts';
import type { Ipv4Transport } from './ipv4-transport.ts';
import type { UdpSocket, UdpSockets } from './udp-sockets.ts';

/** The options of a host's DHCP client. */
export type HostDhcpOptions = Omit<DhcpClientOptions, 'clock' | 'random' | 'mac' | 'send' | 'onLease'>;

/** The parts of the host that the client uses. */
export interface HostDhcpSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly mac: MacAddress;
  readonly udp: UdpSockets;
  readonly ipv4: Ipv4Transport;
  readonly onLease: (lease: ClientLease | undefined) => void;
}

/** The DHCP client of a host, with its UDP socket. Disposing it sends no RELEASE. */
export class HostDhcp implements Disposable {
  readonly client: DhcpClient;
  readonly #ipv4: Ipv4Transport;
  readonly #socket: UdpSocket;
  /** The neighbour that sent the last answer. */
  #via: MacAddress | undefined;

  /** Throws EtherloomError('busy') if port 68 is open. */
  constructor(options: HostDhcpOptions, { clock, random, mac, udp, ipv4, onLease }: HostDhcpSurroundings) {
    this.#ipv4 = ipv4;
    this.#socket = udp.open(dhcpPorts.client, ({ destination, payload, via }) => {
      if (isIpv6(destination)) return;
      this.#via = via;
      const message = decodeDhcp(payload);
      if (message !== undefined) this.client.receive(message);
    });
    this.client = new DhcpClient({ ...options, clock, random, mac, onLease, send: (message, to) => this.#send(message, to) });
  }

  /**
   * Returns whether a packet is sent to a DHCP client's UDP port. A server may address it to the future address of the client. [RFC 2131,
   * 4.1]
   */
  static isFor({ payload }: Ipv4): boolean {
    return payload[2] === 0 && payload[3] === dhcpPorts.client;
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
  }

  #send(message: DhcpMessage, to: Ipv4Address): void {
    const udp = { sourcePort: dhcpPorts.client, destinationPort: dhcpPorts.server, payload: encodeDhcp(message) };
    // Removing the address drops packets that wait for a neighbour's MAC address. So the RELEASE goes to the neighbour that sent the lease.
    if (this.#via === undefined || messageTypeOf(message) !== messageTypes.release) this.#ipv4.sendUdp(to, udp);
    else this.#ipv4.interface.answer(this.#via, to, ipProtocols.udp, encodeUdp(udp, this.#ipv4.address ?? unspecifiedIpv4, to));
  }
}
