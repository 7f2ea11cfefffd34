import { parseInvitation } from '../../src/star/invitation.ts';
import type { Scope } from '../../src/daemon/scope.ts';
import { StateDirectory } from '../../src/daemon/state-directory.ts';
import type { DataPlane } from '../../src/daemon/data-plane.ts';
import { GroupMaster } from '../../src/launcher/group-master.ts';
import { GroupSlave } from '../../src/launcher/group-slave.ts';
import { StarLinks } from '../../src/launcher/star-links.ts';
import { vdeFraming } from '../../src/ports/pure/frame-stream.ts';
import { StreamDialer } from '../../src/ports/stream/stream-dialer.ts';
import { realRandom } from '../../src/random.ts';
import { macOfId } from '../../src/star/identity.ts';
import { ipv4FromNumber } from '../../src/wire/ipv4.ts';
import type { StarSpec } from './spec.ts';

/** Gives a switch its role in a star, until `scope` ends. The master prints the line to join by as `line LINE`. */
export async function openStar(spec: StarSpec, plane: DataPlane, scope: Scope): Promise<void> {
  if (spec.role === 'master') await openMaster(spec.state, plane, scope);
  else await openSlave(spec, plane, scope);
}

async function openMaster(directory: string, plane: DataPlane, scope: Scope): Promise<void> {
  const environment = { ...plane.environment, random: realRandom };
  const state = scope.use(StateDirectory.open(directory));
  const network = { address: ipv4FromNumber(0x0a4d_0000), prefixLength: 24 };
  const master = await GroupMaster.open(
    { listen: { host: '127.0.0.1', port: 0 }, slavePorts: new Map() },
    {
      state,
      acceptor: new StarLinks(plane, environment.clock),
      terms: (id) => ({ mac: macOfId(id), network, mtu: 1500 }),
      environment,
    },
  );
  scope.use(master);
  const [line = ''] = (await master.newLines({ uses: 'any' })).lines;
  process.stdout.write(`line ${line}\n`);
}

/** Joins, and links, as a slave of a star does. */
async function openSlave({ state: directory, line }: Extract<StarSpec, { role: 'slave' }>, plane: DataPlane, scope: Scope): Promise<void> {
  const environment = { ...plane.environment, random: realRandom };
  const state = scope.use(StateDirectory.open(directory));
  const group = scope.use(await GroupSlave.open({ join: { invitation: parseInvitation(line) } }, state, environment));
  await group.admitted(new AbortController().signal);
  const { port } = scope.use(new StreamDialer(group.link, { module: 'tls', framing: vdeFraming, awaitsGreeting: true }, plane.environment));
  plane.add(port);
}
