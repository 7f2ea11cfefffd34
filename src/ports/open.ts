import { EtherloomError } from '../errors.ts';
import { bess, bessDial } from './drivers/bess.ts';
import { here, type Driver, type Opened, type Reach } from './drivers/driver.ts';
import { qemu, qemuStream, qemuStreamListen } from './drivers/qemu.ts';
import { etherip, gretap } from './drivers/raw-ip.ts';
import { tap } from './drivers/tap.ts';
import { tcp, tcpListen } from './drivers/tcp.ts';
import { udp, udpMulticast } from './drivers/udp.ts';
import { vde } from './drivers/vde.ts';
import { vxlan } from './drivers/vxlan.ts';
import { websocket } from './drivers/websocket.ts';
import type { PortEnvironment } from './environment.ts';
import type { Acceptor } from './pure/port.ts';

export { plainOption } from './drivers/driver.ts';

/** All kinds of ports that an address can name, in the order in which people see them. */
export const drivers: readonly Driver[] = [
  vde,
  tcp,
  tcpListen,
  qemu,
  qemuStream,
  qemuStreamListen,
  tap,
  websocket,
  vxlan,
  gretap,
  etherip,
  udp,
  udpMulticast,
  bess,
  bessDial,
];

/**
 * Opens an address: `tcp://HOST:PORT`, and so on for each of `drivers`. Paths are resolved at once: a switch in the background changes its
 * working directory to `/`, and uses them afterwards. Throws EtherloomError('bad-address'), or what the driver throws.
 */
export async function open(text: string, environment: PortEnvironment, acceptor: Acceptor): Promise<Opened> {
  const { driver, address } = driverOf(text);
  return driver.open(address, environment, acceptor);
}

/** Checks an address, and returns how far its frames go. Throws EtherloomError: `bad-address`, or what the driver's `reaches` throws. */
export function reachOf(text: string): Reach {
  const { driver, address } = driverOf(text);
  return driver.reaches?.(address) ?? here;
}

/** Returns what an address uses with the rights of this process, in words; undefined if it uses networks alone. It opens nothing. Throws EtherloomError: `bad-address`. */
export function usesOf(text: string): string | undefined {
  const { driver, address } = driverOf(text);
  return driver.uses?.(address);
}

function driverOf(text: string): { readonly driver: Driver; readonly address: string } {
  const [, scheme, address = ''] = /^([a-z-]+):\/\/(.+)$/.exec(text) ?? [];
  const driver = drivers.find((one) => one.scheme === scheme);
  if (driver) return { driver, address };
  const forms = drivers.map(({ form, summary }) => `${form} (${summary})`);
  throw new EtherloomError('bad-address', `${text} is not the address of a port; use one of: ${forms.join('; ')}`);
}
