import type { Scope } from '../daemon/scope.ts';
import { SystemError } from '../errors.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { frameOverhead } from '../daemon/segment-mtu.ts';
import type { Acceptor } from '../ports/pure/port.ts';
import type { StreamListener } from '../ports/stream/stream-listener.ts';
import type { TcpAddress } from '../ports/tcp-address.ts';
import { listenTcp } from '../ports/tcp.ts';
import { controlPortOf } from '../star/control-port.ts';
import type { NodeId } from '../star/identity.ts';
import type { PlainHello, JoinRefusal, Welcome } from '../star/messages.ts';
import { JoinServer } from '../star/node/join-server.ts';

/** The addresses at which a master listens, and its decisions about slaves. */
export interface StarDoorsOptions {
  /** The link address for slaves. Port 0 means any pair of free ports. */
  readonly listen: TcpAddress;
  /** The control port. Default: the one above the link port. */
  readonly controlPort?: number | undefined;
  /** Additional link ports, each for one slave. */
  readonly slavePorts: ReadonlyMap<NodeId, number>;
  /** The most links. Default: 256. */
  readonly maxLinks?: number | undefined;
  /** The largest MTU on links, in octets. Default: as much as links can carry. */
  readonly linkMtu?: number | undefined;
  /** How long the far end of a link may be silent before that ends, in milliseconds. Default: 5,000. */
  readonly deadAfter?: number | undefined;
  /** The acceptor of the links. */
  readonly acceptor: Acceptor;
  /** Decides whether a slave may join: see JoinServerOptions. A slave without a link port of its own links at `linkPort`. */
  readonly welcome: (hello: PlainHello, linkPort: number) => Promise<Welcome | JoinRefusal>;
}

/** The listeners of a master. */
export interface StarDoors {
  readonly link: StreamListener;
  readonly control: JoinServer;
}

/** The most attempts to find another free pair of ports. */
const mostAttempts = 20;

/** Opens the link ports and the control port, until `scope` ends. Throws the errors of `listenTcp` and `JoinServer.open`. */
export async function openStarDoors(options: StarDoorsOptions, environment: PortEnvironment, scope: Scope): Promise<StarDoors> {
  const { listen, slavePorts } = options;
  const { link, control } = await openPair(options, environment);
  scope.use(link);
  scope.use(control);
  for (const [id, port] of slavePorts) {
    const { address } = scope.use(await openLink(options, { ...listen, port }, environment));
    environment.log(`slave ${id} may link at ${address}`, { event: 'slave-port', id, address });
  }
  return { link, control };
}

/** Opens the link port and the control port above it. For port 0, tries until a free pair is found. */
async function openPair(options: StarDoorsOptions, environment: PortEnvironment): Promise<StarDoors> {
  const { listen, controlPort } = options;
  for (let attempt = 1; ; attempt++) {
    const link = await openLink(options, listen, environment);
    try {
      return { link, control: await openControl(options, link.port, environment) };
    } catch (error) {
      await link[Symbol.asyncDispose]();
      const inUse = error instanceof SystemError && error.errno === 'EADDRINUSE';
      if (!inUse || listen.port !== 0 || controlPort !== undefined || attempt > mostAttempts) throw error;
    }
  }
}

function openLink(
  { acceptor, maxLinks, linkMtu, deadAfter }: StarDoorsOptions,
  listen: TcpAddress,
  environment: PortEnvironment,
): Promise<StreamListener> {
  const maxFrame = linkMtu !== undefined && { maxFrame: linkMtu + frameOverhead.tagged };
  return listenTcp({ listen, acceptor, maxLinks, deadAfter, ...maxFrame }, environment);
}

function openControl(
  { listen, controlPort, maxLinks, welcome }: StarDoorsOptions,
  linkPort: number,
  environment: PortEnvironment,
): Promise<JoinServer> {
  return JoinServer.open(
    {
      listen: { ...listen, port: controlPortOf(linkPort, controlPort) },
      welcome: (hello) => welcome(hello, linkPort),
      ...(maxLinks !== undefined && { maxConnections: maxLinks }),
    },
    environment,
  );
}
