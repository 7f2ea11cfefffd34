import { resolve } from 'node:path';
import { dialQemu, listenQemu } from '../qemu-stream.ts';
import { QemuPort } from '../qemu.ts';
import { parseTcpAddress, type TcpAddress } from '../tcp-address.ts';
import { badForm, type Driver } from './driver.ts';

/** QEMU's `-netdev dgram`. */
export const qemu: Driver = {
  scheme: 'qemu',
  form: 'qemu://LOCAL,REMOTE',
  summary: 'the socket that is bound here, and the one that QEMU binds',
  listens: false,
  open(address, environment) {
    const [local, remote, ...rest] = address.split(',');
    if (!local || !remote || rest.length > 0) throw badForm(qemu, address);
    return Promise.resolve({ port: QemuPort.open({ local: resolve(local), remote: resolve(remote) }, environment) });
  },
};

/** QEMU's `-netdev stream` that listens. */
export const qemuStream: Driver = {
  scheme: 'qemu-stream',
  form: 'qemu-stream://PATH',
  summary: 'dials a QEMU that listens, at a path or HOST:PORT',
  listens: false,
  reaches: tcpOf,
  open: (address, environment) => Promise.resolve({ port: dialQemu(address, {}, environment).port }),
};

/** QEMU's `-netdev stream` that dials. */
export const qemuStreamListen: Driver = {
  scheme: 'qemu-stream-listen',
  form: 'qemu-stream-listen://PATH',
  summary: 'listens for QEMUs that dial, at a path or HOST:PORT',
  listens: true,
  reaches: tcpOf,
  open: async (address, environment, acceptor) => ({ listener: await listenQemu(address, { acceptor }, environment) }),
};

function tcpOf(address: string): TcpAddress | undefined {
  return address.includes('/') ? undefined : parseTcpAddress(address);
}
