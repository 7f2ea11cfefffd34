import type { Scope } from '../daemon/scope.ts';
import { SystemError } from '../errors.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { frameOverhead } from '../daemon/segment-mtu.ts';
import type { Acceptor } from '../ports/port.ts';
import type { StreamListener } from '../ports/stream/stream-listener.ts';
import type { TcpAddress } from '../ports/tcp-address.ts';
import { listenTcp } from '../ports/tcp.ts';
import { controlPortOf } from '../star/control-port.ts';
import type { NodeId } from '../star/identity.ts';
import type { Hello, JoinRefusal, Welcome } from '../star/join-messages.ts';
import { JoinServer } from '../star/join-server.ts';

/** The addresses at which a master listens, and its decisions about slaves. */
export interface StarDoorsOptions {
  /** Where slaves link. Port 0: any port with a free one above it. */
  readonly listen: TcpAddress;
  /** Where slaves ask. Default: the port above. */
  readonly controlPort?: number | undefined;
  /** Listening ports of single slaves. */
  readonly slavePorts: ReadonlyMap<NodeId, number>;
  /** Default: 256. */
  readonly maxLinks?: number | undefined;
  /** The longest frame's MTU on links, in octets. Default: the most that links carry. */
  readonly linkMtu?: number | undefined;
  /** Takes the links. */
  readonly acceptor: Acceptor;
  /** Decides about a slave: see JoinServerOptions. A slave without a listening port of its own links at `linkPort`. */
  readonly welcome: (hello: Hello, linkPort: number) => Promise<Welcome | JoinRefusal>;
}

/** The open doors of a master. */
export interface StarDoors {
  readonly link: StreamListener;
  readonly control: JoinServer;
}

/** How often another free pair of ports is tried. */
const mostAttempts = 20;

/** Opens the ports where slaves link and where they ask, until `scope` ends. Throws what `listenTcp` and `JoinServer.open` throw. */
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

/** Opens the link's port and the control's above it; where any will do, until a free pair is found. */
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
  { acceptor, maxLinks, linkMtu }: StarDoorsOptions,
  listen: TcpAddress,
  environment: PortEnvironment,
): Promise<StreamListener> {
  const maxFrame = linkMtu !== undefined && { maxFrame: linkMtu + frameOverhead.tagged };
  return listenTcp({ listen, acceptor, maxLinks, ...maxFrame }, environment);
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
