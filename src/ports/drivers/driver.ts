import { EtherloomError } from '../../errors.ts';
import type { PortEnvironment } from '../environment.ts';
import type { Acceptor, Listener, Port } from '../port.ts';
import type { TcpAddress } from '../tcp-address.ts';

/** What an address opened: a port, or a listener that yields ports. */
export type Opened = { readonly port: Port } | { readonly listener: Listener };

/** One kind of port that can be named by an address. A file in this folder describes one; `open.ts` lists them. */
export interface Driver {
  /** What stands before `://`. */
  readonly scheme: string;
  /** How its addresses are written. */
  readonly form: string;
  /** What is opened, for people. */
  readonly summary: string;
  /** Whether it listens, and makes a port of each client. Otherwise it is one port. */
  readonly listens: boolean;
  /** The host whose network the frames cross as they are; undefined where they do not leave this machine. Throws EtherloomError('bad-address'). */
  readonly reaches?: (address: string) => TcpAddress | undefined;
  /** Opens what stands behind `://`. Throws EtherloomError: `bad-address`, or what the driver throws. */
  open(address: string, environment: PortEnvironment, acceptor: Acceptor): Promise<Opened>;
}

/** The error for an address that is not written in the driver's form. */
export function badForm({ scheme, form }: Driver, address: string): EtherloomError {
  return new EtherloomError('bad-address', `${scheme}://${address} is not the address of a port; write it as ${form}`);
}
