import type { Clock } from '../clock.ts';
import type { ClientLease } from '../dhcp/client-lease.ts';
import { DhcpClient, type DhcpClientOptions } from '../dhcp/client.ts';
import type { Random } from '../random.ts';
import { decodeDhcp, dhcpPorts, encodeDhcp, messageTypeOf, messageTypes, type DhcpMessage } from '../wire/dhcp.ts';
import { ipProtocols, type Ipv4, type Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { isIpv6 } from '../wire/ip.ts';
import { encodeUdp } from '../wire/udp.ts';
import { unspecified } from './ipv4-interface.ts';
import type { Ipv4Transport } from './ipv4-transport.ts';
import type { UdpSocket, UdpSockets } from './udp-sockets.ts';

/** The options of a host's DHCP client. */
export type HostDhcpOptions = Omit<DhcpClientOptions, 'clock' | 'random' | 'mac' | 'send' | 'onLease'>;

/** The parts of the host that the client works with. */
export interface HostDhcpSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly mac: MacAddress;
  readonly udp: UdpSockets;
  readonly ipv4: Ipv4Transport;
  readonly onLease: (lease: ClientLease | undefined) => void;
}

/** The DHCP client of a host, at its port. Disposing it ends it without a message. */
export class HostDhcp implements Disposable {
  readonly client: DhcpClient;
  readonly #ipv4: Ipv4Transport;
  readonly #socket: UdpSocket;
  /** The neighbour from which answers come. */
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

  /** Returns whether a packet is for a client without an address, sent to the address that it will have. [RFC 2131, 4.1] */
  static isFor({ payload }: Ipv4): boolean {
    return payload[2] === 0 && payload[3] === dhcpPorts.client;
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
  }

  #send(message: DhcpMessage, to: Ipv4Address): void {
    const udp = { sourcePort: dhcpPorts.client, destinationPort: dhcpPorts.server, payload: encodeDhcp(message) };
    // A packet that waits for a neighbour's answer is lost when the address goes. So the RELEASE is sent the way that the lease came.
    if (this.#via === undefined || messageTypeOf(message) !== messageTypes.release) this.#ipv4.sendUdp(to, udp);
    else this.#ipv4.interface.answer(this.#via, to, ipProtocols.udp, encodeUdp(udp, this.#ipv4.address ?? unspecified, to));
  }
}
