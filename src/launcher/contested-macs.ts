import type { Clock } from '../clock.ts';
import type { DataPlaneOptions } from '../daemon/data-plane.ts';
import type { Log } from '../log.ts';
import { onceAMinute } from '../ports/once-a-minute.ts';
import type { PortNumber } from '../ports/port.ts';
import { formatMac } from '../wire/mac.ts';
import { idOfMac } from './identity.ts';

type Contested = NonNullable<DataPlaneOptions['contested']>;

/**
 * For a switch's `contested`: tells, once a minute for each, of guests' addresses that are alive behind two ports, which means that two
 * guests have one id. `describe` names a port.
 */
export function contestedMacs({ clock, log }: { clock: Clock; log: Log }, describe: (port: PortNumber) => string): Contested {
  const warn = onceAMinute(clock, log.warn);
  return (_vid, mac, holder, port) => {
    const id = idOfMac(mac);
    if (id === undefined) return;
    const [kept, other] = [describe(holder), describe(port)];
    const fields = { event: 'contested-mac', id, mac: formatMac(mac), holder: kept, other };
    const text = `guest ${id} is alive twice: ${formatMac(mac)} is behind ${kept}, where it stays while it speaks, and behind ${other}`;
    warn(text, { key: formatMac(mac), fields });
  };
}
