import { dialTcp, listenTcp } from '../tcp.ts';
import { parseTcpAddress } from '../tcp-address.ts';
import type { Driver } from './driver.ts';

/** A link to another switch. */
export const tcp: Driver = {
  scheme: 'tcp',
  form: 'tcp://HOST:PORT',
  summary: 'dials a link',
  listens: false,
  reaches: parseTcpAddress,
  open: (address, environment) => Promise.resolve({ port: dialTcp(parseTcpAddress(address), {}, environment).port }),
};

/** Links of other switches. */
export const tcpListen: Driver = {
  scheme: 'tcp-listen',
  form: 'tcp-listen://HOST:PORT',
  summary: 'listens for links',
  listens: true,
  reaches: parseTcpAddress,
  open: async (address, environment, acceptor) => ({
    listener: await listenTcp({ listen: parseTcpAddress(address), acceptor }, environment),
  }),
};
