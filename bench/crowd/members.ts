/**
 * Members of a star without a switch: each has its key, its membership on the disk, its control connection and its link, as a slave has them, and
 * drops the frames. Arguments: the line to join by, a directory, and the number of members. Says `joined` when all are welcomed.
 */
import { StateDirectory } from '../../src/daemon/state-directory.ts';
import { SwitchService } from '../../src/daemon/switch-service.ts';
import { realClock } from '../../src/clock.ts';
import { GroupSlave } from '../../src/launcher/group-slave.ts';
import { quietLog } from '../../src/log.ts';
import { vdeFraming } from '../../src/ports/pure/frame-stream.ts';
import type { Receiver } from '../../src/ports/pure/port.ts';
import { StreamDialer } from '../../src/ports/stream/stream-dialer.ts';
import { realRandom } from '../../src/random.ts';
import { parseInvitation } from '../../src/star/invitation.ts';

const [line = '', directory = '', count = '0'] = process.argv.slice(2);
const invitation = parseInvitation(line);
const { plane } = await SwitchService.open({ directory }, { clock: realClock, random: realRandom, log: quietLog });
const environment = { ...plane.environment, random: realRandom };
const drop: Receiver = { receive: () => undefined, carrier: () => undefined, closed: () => undefined };
process.on('SIGTERM', () => process.exit());
await Promise.all(Array.from({ length: Number(count) }, (_, n) => join(`${directory}-${n}`)));
console.log('joined');

async function join(state: string): Promise<void> {
  const group = await GroupSlave.open({ join: { invitation } }, StateDirectory.open(state), environment);
  await group.admitted(new AbortController().signal);
  new StreamDialer(group.link, { module: 'tls', framing: vdeFraming, awaitsGreeting: true }, environment).port.attach(drop);
}
