import { join } from 'node:path';
import { errnoOf, EtherloomError } from '../../errors.ts';
import type { PortEnvironment } from '../environment.ts';
import type { Port, PortCounters, PortWish } from '../port.ts';
import { ReturningPort } from '../returning-port.ts';
import { checkSocketPlace } from '../socket-file.ts';
import { VdeClient } from './vde-client.ts';

/** What says that a switch is not there yet, or has no port to give for now. */
const notYet: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAGAIN', 'refused', 'timed-out']);

/**
 * A port on another VDE switch for good: it waits for that switch, and comes back after it. Throws EtherloomError: `bad-address` where no
 * switch can be, or what `VdeClient.open` throws for a place that this user may not connect to.
 */
export function openVdeLink({ directory, wish }: { directory: string; wish: PortWish }, environment: PortEnvironment): Promise<Port> {
  checkSocketPlace(join(directory, 'ctl'), `name the directory of a switch, not ${directory}`);
  return ReturningPort.open(
    {
      module: 'vde',
      description: directory,
      name: `the switch at ${directory}`,
      // For a switch a port is down when nobody is at it.
      leavesWhenDown: true,
      open: (counters: PortCounters) => VdeClient.open({ directory, wish, counters }, environment),
      mayWait: (error) => notYet.has(errnoOf(error) ?? (error instanceof EtherloomError ? error.code : '')),
    },
    environment,
  );
}
