import { resolve } from 'node:path';
import { dialQemu, listenQemu } from '../qemu-stream.ts';
import { QemuPort, type QemuPortOptions } from '../qemu.ts';
import { splitOptions } from '../address-options.ts';
import { parseTcpAddress } from '../tcp-address.ts';
import { badForm, here, plainOption, type Driver, type Reach } from './driver.ts';

/** QEMU's `-netdev dgram`. */
export const qemu: Driver = {
  scheme: 'qemu',
  form: 'qemu://LOCAL,REMOTE',
  summary: 'the socket that is bound here, and the one that QEMU binds',
  listens: false,
  reaches(address) {
    socketsOf(address);
    return here;
  },
  uses: (address) => `the sockets ${address}`,
  open: (address, environment) => Promise.resolve({ port: QemuPort.open(socketsOf(address), environment) }),
};

/** QEMU's `-netdev stream` that listens. */
export const qemuStream: Driver = {
  scheme: 'qemu-stream',
  form: 'qemu-stream://PATH',
  summary: 'dials a QEMU that listens, at a path or HOST:PORT',
  options: plainOption,
  listens: false,
  reaches: (address) => parse(qemuStream, address),
  uses: socketIn,
  open: (address, environment) => Promise.resolve({ port: dialQemu(parse(qemuStream, address).at, {}, environment).port }),
};

/** QEMU's `-netdev stream` that dials. */
export const qemuStreamListen: Driver = {
  scheme: 'qemu-stream-listen',
  form: 'qemu-stream-listen://PATH',
  summary: 'listens for QEMUs that dial, at a path or HOST:PORT',
  options: plainOption,
  listens: true,
  reaches: (address) => parse(qemuStreamListen, address),
  uses: socketIn,
  open: async (address, environment, acceptor) => ({
    listener: await listenQemu(parse(qemuStreamListen, address).at, { acceptor }, environment),
  }),
};

function socketsOf(address: string): QemuPortOptions {
  const [local, remote, ...rest] = address.split(',');
  if (!local || !remote || rest.length > 0) throw badForm(qemu, address);
  return { local: resolve(local), remote: resolve(remote) };
}

/** Returns the words for a path, which has a slash; undefined for `HOST:PORT`. */
function socketIn(address: string): string | undefined {
  return address.includes('/') ? `the socket ${address}` : undefined;
}

/** Parses a path, which takes no options, or `HOST:PORT`. */
function parse(driver: Driver, address: string): Reach & { readonly at: string } {
  if (socketIn(address) !== undefined) return { ...here, at: address };
  const options = splitOptions(driver, address);
  return { at: options.body, hosts: [parseTcpAddress(options.body).host], plain: options.yes('plain') };
}
