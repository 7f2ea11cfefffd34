import type { PortNumber } from '../../switch/switch.ts';
import type { Managed } from '../managed.ts';
import { Refusal } from '../operation.ts';
import type { ManagedPort, PortRefusal } from '../port-table.ts';
import type { Status } from '../status.ts';

/** The arguments of an operation on one port. */
export interface OnPort {
  readonly port: PortNumber;
}

const statuses: Readonly<Record<PortRefusal, Exclude<Status, 'success'>>> = {
  'out-of-range': 'EINVAL',
  exists: 'EEXIST',
  'no-port': 'ENXIO',
  'in-use': 'EADDRINUSE',
  full: 'ENOSPC',
};

/** Returns the operation's refusal for one of the port table. */
export function refusalOf(refusal: PortRefusal | undefined): Refusal | undefined {
  return refusal === undefined ? undefined : new Refusal(statuses[refusal]);
}

/** The arguments of an operation on one port, or on all. */
export interface OnPorts {
  /** Default: all. */
  readonly port?: PortNumber | undefined;
}

/** Acts on a port. Returns EINVAL for a number that the switch does not have, ENXIO for a port that does not exist. */
export function onPort<Value>({ ports }: Managed, number: PortNumber, act: (port: ManagedPort) => Value | Refusal): Value | Refusal {
  if (!(number >= 0 && number < ports.numports)) return new Refusal('EINVAL');
  const port = ports.get(number);
  return port ? act(port) : new Refusal('ENXIO');
}
