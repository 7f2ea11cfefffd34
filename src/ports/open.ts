import { resolve } from 'node:path';
import { EtherloomError } from '../errors.ts';
import type { PortEnvironment } from './environment.ts';
import type { Acceptor, Listener, Port } from './port.ts';
import { dialQemu, listenQemu } from './qemu-stream.ts';
import { QemuPort } from './qemu.ts';
import { openReturningTap } from './tap.ts';
import { parseTcpAddress } from './tcp-address.ts';
import { dialTcp, listenTcp } from './tcp.ts';
import { openVdeLink } from './vde-link.ts';

/*
 * Paths in addresses are resolved here, once: a switch in the background changes its working directory to `/`, and uses them afterwards.
 */

/** What an address opened: a port, or a listener that yields ports. */
export type Opened = { readonly port: Port } | { readonly listener: Listener };

interface Driver {
  readonly form: string;
  open(address: string, environment: PortEnvironment, acceptor: Acceptor): Promise<Opened>;
}

const drivers: ReadonlyMap<string, Driver> = new Map(
  Object.entries({
    tcp: {
      form: 'tcp://HOST:PORT',
      open: (address: string, environment: PortEnvironment) =>
        Promise.resolve({ port: dialTcp(parseTcpAddress(address), {}, environment).port }),
    },
    'tcp-listen': {
      form: 'tcp-listen://HOST:PORT',
      open: async (address: string, environment: PortEnvironment, acceptor: Acceptor) => ({
        listener: await listenTcp({ listen: parseTcpAddress(address), acceptor }, environment),
      }),
    },
    vde: {
      form: 'vde://DIRECTORY or vde://DIRECTORY[PORT]',
      async open(address: string, environment: PortEnvironment) {
        const match = /^(.+?)(?:\[(\d+)\])?$/.exec(address);
        const directory = match?.[1];
        if (directory === undefined) throw unknown(`vde://${address}`);
        const number = Number(match?.[2] ?? 'NaN');
        const wish = Number.isNaN(number) ? 'any' : number === 0 ? 'management' : number;
        return { port: await openVdeLink({ directory: resolve(directory), wish }, environment) };
      },
    },
    'qemu-stream': {
      form: 'qemu-stream://PATH or qemu-stream://HOST:PORT (where QEMU listens)',
      open: (address: string, environment: PortEnvironment) => Promise.resolve({ port: dialQemu(address, {}, environment).port }),
    },
    'qemu-stream-listen': {
      form: 'qemu-stream-listen://PATH or qemu-stream-listen://HOST:PORT (where QEMU dials)',
      open: async (address: string, environment: PortEnvironment, acceptor: Acceptor) => ({
        listener: await listenQemu(address, { acceptor }, environment),
      }),
    },
    qemu: {
      form: 'qemu://LOCAL,REMOTE (the socket that the switch binds, the socket that QEMU binds)',
      open(address: string, environment: PortEnvironment) {
        const [local, remote, ...rest] = address.split(',');
        if (!local || !remote || rest.length > 0) throw unknown(`qemu://${address}`);
        return Promise.resolve({ port: QemuPort.open({ local: resolve(local), remote: resolve(remote) }, environment) });
      },
    },
    tap: {
      form: 'tap://NAME',
      open: async (address: string, environment: PortEnvironment) => ({ port: await openReturningTap(address, environment) }),
    },
    ws: {
      form: 'ws://HOST:PORT/PATH?token=TOKEN (listens)',
      async open(address: string, environment: PortEnvironment, acceptor: Acceptor) {
        // A quarter of the time that a switch takes to start would go into what few ask for.
        const { parseWebSocketAddress, WebSocketListener } = await import('./websocket.ts');
        return { listener: await WebSocketListener.open({ listen: parseWebSocketAddress(address), acceptor }, environment) };
      },
    },
  } satisfies Record<string, Driver>),
);

/**
 * Opens what an address names: `tcp://HOST:PORT` dials, `tcp-listen://HOST:PORT` listens, `vde://DIRECTORY[PORT]` is a client of
 * another VDE switch, `qemu://LOCAL,REMOTE` takes a `-netdev dgram`, `qemu-stream://PATH` and `qemu-stream-listen://PATH` (or HOST:PORT)
 * a `-netdev stream`, `tap://NAME` is an interface of this machine, `ws://HOST:PORT/PATH?token=TOKEN` listens for WebSockets. Throws
 * EtherloomError('bad-address'), or what the driver throws.
 */
export async function open(address: string, environment: PortEnvironment, acceptor: Acceptor): Promise<Opened> {
  const match = /^([a-z-]+):\/\/(.+)$/.exec(address);
  const driver = drivers.get(match?.[1] ?? '');
  if (!match?.[2] || !driver) throw unknown(address);
  return driver.open(match[2], environment, acceptor);
}

function unknown(address: string): EtherloomError {
  const forms = [...drivers.values()].map((driver) => driver.form);
  return new EtherloomError('bad-address', `${address} is not the address of a port; use one of: ${forms.join('; ')}`);
}
