import { EtherloomError } from '../errors.ts';

/** Where slaves ask: the port above that of the links, unless another is given. Throws EtherloomError('bad-option') when there is none. */
export function controlPortOf(linkPort: number, given?: number): number {
  const port = given ?? linkPort + 1;
  if (port <= 65_535) return port;
  throw new EtherloomError('bad-option', `there is no port above ${linkPort} for slaves to ask at: choose a lower one, or say --control`);
}
