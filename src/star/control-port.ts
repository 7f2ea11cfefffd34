import { EtherloomError } from '../errors.ts';
import type { NodeId } from './identity.ts';

/** Returns the control port: the one above the link port, unless another is given. Throws EtherloomError('bad-option') if there is none. */
export function controlPortOf(linkPort: number, given?: number): number {
  const port = given ?? linkPort + 1;
  if (port <= 65_535) return port;
  throw new EtherloomError(
    'bad-option',
    `no control port: there is none above ${linkPort}; choose a lower port, or name one with --control`,
  );
}

/** Throws EtherloomError('bad-option') if two options of a master name the same port. A `linkPort` of 0 means any free one. */
export function checkPorts(linkPort: number, controlPort: number | undefined, slavePorts: ReadonlyMap<NodeId, number>): void {
  const control = controlPort ?? (linkPort === 0 ? undefined : controlPortOf(linkPort));
  const wishes: readonly (readonly [string, number | undefined])[] = [
    ['--listen', linkPort === 0 ? undefined : linkPort],
    [controlPort === undefined ? 'the control port, which is the one above --listen' : '--control', control],
    ...[...slavePorts].map(([id, port]) => [`--slave-port ${id}=${port}`, port] as const),
  ];
  const owners = new Map<number, string>();
  for (const [owner, port] of wishes) {
    if (port === undefined) continue;
    const other = owners.get(port);
    if (other !== undefined)
      throw new EtherloomError('bad-option', `${other} and ${owner} both want port ${port}; choose another for one of them`);
    owners.set(port, owner);
  }
}
