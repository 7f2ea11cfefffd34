import { join } from 'node:path';
import { errnoOf, EtherloomError } from '../../errors.ts';
import type { PortEnvironment } from '../environment.ts';
import type { Port, PortCounters, PortWish } from '../pure/port.ts';
import { ReturningPort } from '../returning-port.ts';
import { checkSocketPlace } from '../socket-file.ts';
import { VdeClient } from './vde-client.ts';

/** The errors of a switch that does not exist yet, or has no free port at present. */
const notYet: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAGAIN', 'refused', 'timed-out']);

/**
 * Returns a permanent port on another VDE switch: it waits for that switch, and reconnects after it returns. Throws EtherloomError:
 * `bad-address` where a switch cannot be, or what `VdeClient.open` throws for a place that this user may not connect to.
 */
export function openVdeLink({ directory, wish }: { directory: string; wish: PortWish }, environment: PortEnvironment): Promise<Port> {
  checkSocketPlace(join(directory, 'ctl'), `name the directory of a switch, not ${directory}`);
  return ReturningPort.open(
    {
      module: 'vde',
      description: directory,
      name: `the switch at ${directory}`,
      // A switch sees a port without a client as down.
      leavesWhenDown: true,
      open: (counters: PortCounters) => VdeClient.open({ directory, wish, counters }, environment),
      mayWait: (error) => notYet.has(errnoOf(error) ?? (error instanceof EtherloomError ? error.code : '')),
    },
    environment,
  );
}
