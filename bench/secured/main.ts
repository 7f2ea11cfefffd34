/**
 * A switch with a link to another, through TLS or plain: what a node of the star does for its frames, and nothing else of it. The argument is a
 * SecuredSpec as JSON.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { realClock } from '../../src/clock.ts';
import { SwitchService } from '../../src/daemon/switch-service.ts';
import { logTo } from '../../src/log.ts';
import { vdeFraming } from '../../src/ports/pure/frame-stream.ts';
import { StreamDialer } from '../../src/ports/stream/stream-dialer.ts';
import { dialTcp, listenTcp } from '../../src/ports/tcp.ts';
import { realRandom } from '../../src/random.ts';
import { newIdentity } from '../../src/star/node/identity-files.ts';
import { linkToMaster } from '../../src/star/node/star-dial.ts';
import { StarDoor } from '../../src/star/node/star-door.ts';
import { TlsSecurity } from '../../src/star/node/tls-security.ts';
import type { SecuredSpec } from './spec.ts';

const host = '127.0.0.1';
const { directory, tap, way, address, pin } = JSON.parse(process.argv[2] ?? '{}') as SecuredSpec;
const log = logTo((message) => console.error(message));
const identity = await newIdentity();
const ports = tap === undefined ? [] : [`tap://${tap}`];
const { plane } = await SwitchService.open({ directory, ports }, { clock: realClock, random: realRandom, log });
if (address === undefined) console.log(`at ${host}:${await listen()} ${identity.fingerprint}`);
else await dial(address);

async function listen(): Promise<number> {
  const at = { host, port: 0 };
  if (way === 'plain') return (await listenTcp({ listen: at, acceptor: plane }, plane.environment)).port;
  const door = await StarDoor.open(
    {
      listen: at,
      security: new TlsSecurity(identity, plane.environment),
      plain: { anyone: false },
      admit: () => ({ admit: true, id: 1, name: 'far' }),
      control: () => ({ heard: () => undefined, message: () => undefined, closed: () => undefined }),
      acceptor: plane,
    },
    plane.environment,
  );
  return door.port;
}

async function dial(far: string): Promise<void> {
  const { port } = way === 'plain' ? dialTcp({ host, port: Number(far.split(':')[1]) }, {}, plane.environment) : dialSecured(far);
  plane.add(port);
  // Each end takes long frames once the other has greeted.
  while (port.sendable < 10_000) await delay(10);
  console.log('linked');
}

function dialSecured(far: string): StreamDialer {
  const security = new TlsSecurity(identity, plane.environment);
  const target = linkToMaster({ name: far, targets: () => [{ address: far, pin, identity: 'current' }] }, { security: () => security });
  return new StreamDialer(target, { module: 'tls', framing: vdeFraming, awaitsGreeting: true }, plane.environment);
}
