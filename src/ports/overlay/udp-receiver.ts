import { EtherloomError, errnoOf } from '../../errors.ts';
import { familyOf } from '../../system/ip-address.ts';
import { bindIp, joinGroup, prepared, setReceiveBuffer, shareAddress, udpSocket, usualReceiveBuffer } from '../../system/ip-socket.ts';
import type { Fd } from '../../system/unix-socket.ts';
import type { PortEnvironment } from '../environment.ts';
import { DescriptorSocket } from './packet-socket.ts';

/** Where packets are received. */
export interface UdpReceiverOptions {
  /** An address of this machine, or the unspecified one for all. */
  readonly local: string;
  readonly port: number;
}

/**
 * Returns a socket that receives at an address and port, which no other socket may have. Throws EtherloomError('busy') if one has, or a
 * SystemError.
 */
export function udpReceiver({ local, port }: UdpReceiverOptions, environment: PortEnvironment): DescriptorSocket {
  return receiver(local, environment, (fd) => {
    try {
      bindIp(fd, local, port);
    } catch (error) {
      if (errnoOf(error) !== 'EADDRINUSE') throw error;
      throw new EtherloomError(
        'busy',
        `cannot receive at ${local} port ${port}: another program or port uses it; give another port= on both sides, or another local=`,
        { cause: error },
      );
    }
  });
}

/** The group that a socket receives for. */
export interface GroupReceiverOptions {
  readonly group: string;
  readonly port: number;
  /** The number of the interface by which packets come; 0 for the one that the routes choose. */
  readonly interface: number;
}

/**
 * Returns a socket that receives for a group of hosts, also if others do. `beside` is the socket for packets to this machine at the same
 * port. Throws a SystemError.
 */
export function groupReceiver(options: GroupReceiverOptions, beside: DescriptorSocket, environment: PortEnvironment): DescriptorSocket {
  const { group, port } = options;
  return receiver(group, environment, (fd) => {
    shareAddress(fd, true);
    // Only for this moment: while an address is shared, any user of this machine may bind it.
    shareAddress(beside.fd, true);
    try {
      bindIp(fd, group, port);
    } finally {
      shareAddress(beside.fd, false);
    }
    joinGroup(fd, group, options.interface);
  });
}

function receiver(address: string, environment: PortEnvironment, bind: (fd: Fd) => void): DescriptorSocket {
  const family = familyOf(address);
  const fd = prepared(udpSocket(family), (one) => {
    setReceiveBuffer(one, usualReceiveBuffer);
    bind(one);
  });
  return new DescriptorSocket({ fd, family }, environment);
}
