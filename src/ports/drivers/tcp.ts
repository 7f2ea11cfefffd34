import { splitOptions } from '../address-options.ts';
import { dialTcp, listenTcp } from '../tcp.ts';
import { parseTcpAddress, type TcpAddress } from '../tcp-address.ts';
import { plainOption, type Driver, type Reach } from './driver.ts';

/** A link to another switch. */
export const tcp: Driver = {
  scheme: 'tcp',
  form: 'tcp://HOST:PORT',
  summary: 'dials a link',
  options: plainOption,
  listens: false,
  reaches: (address) => parse(tcp, address),
  open: (address, environment) => Promise.resolve({ port: dialTcp(parse(tcp, address).at, {}, environment).port }),
};

/** Links of other switches. */
export const tcpListen: Driver = {
  scheme: 'tcp-listen',
  form: 'tcp-listen://HOST:PORT',
  summary: 'listens for links',
  options: plainOption,
  listens: true,
  reaches: (address) => parse(tcpListen, address),
  open: async (address, environment, acceptor) => ({
    listener: await listenTcp({ listen: parse(tcpListen, address).at, acceptor }, environment),
  }),
};

function parse(driver: Driver, address: string): Reach & { readonly at: TcpAddress } {
  const options = splitOptions(driver, address);
  const at = parseTcpAddress(options.body);
  return { at, hosts: [at.host], plain: options.yes('plain') };
}
