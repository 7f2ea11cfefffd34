import { EtherloomError } from '../../errors.ts';
import type { PortEnvironment } from '../environment.ts';
import type { Acceptor, Listener, Port } from '../pure/port.ts';

/** The result of opening an address: a port, or a listener that yields ports. */
export type Opened = { readonly port: Port } | { readonly listener: Listener };

/** How far the frames of an address go. */
export interface Reach {
  /** The hosts whose networks the frames cross unprotected, this machine's included. */
  readonly hosts: readonly string[];
  /** True if the address itself accepts that beyond this machine, by `plain=yes`. */
  readonly plain: boolean;
}

/** The option by which an address accepts plain frames beyond this machine, for the `options` of a driver. */
export const plainOption = { plain: 'allows frames in the clear beyond this machine' } as const;

/** The reach of frames that do not leave this machine. */
export const here: Reach = { hosts: [], plain: false };

/** One kind of port that can be named by an address. A file in this folder describes one; `open.ts` lists them. */
export interface Driver {
  /** The part before `://`. */
  readonly scheme: string;
  /** The form of its addresses. */
  readonly form: string;
  /** A description of the port, for people. */
  readonly summary: string;
  /** The options that `splitOptions` reads from its addresses, each with its meaning for people. Default: none. */
  readonly options?: Readonly<Record<string, string>> | undefined;
  /** True if it listens, and makes a port of each client. Otherwise it is one port. */
  readonly listens: boolean;
  /**
   * Checks an address without opening it, and returns how far its frames go. Default: they do not leave this machine. Throws
   * EtherloomError: `bad-address`, or `not-permitted` if the driver has a condition of its own.
   */
  readonly reaches?: (address: string) => Reach;
  /**
   * Returns what an address uses with the rights of this process, in words: a path, an interface, or a file or variable with a token. It
   * opens nothing. Default: it uses networks alone.
   */
  readonly uses?: (address: string) => string | undefined;
  /** Opens the part behind `://`. Throws EtherloomError: `bad-address`, or what the driver throws. */
  open(address: string, environment: PortEnvironment, acceptor: Acceptor): Promise<Opened>;
}

/** Returns the error for an address that does not have the driver's form. */
export function badForm({ scheme, form }: Driver, address: string): EtherloomError {
  return new EtherloomError('bad-address', `${scheme}://${address} is not the address of a port; write it as ${form}`);
}
