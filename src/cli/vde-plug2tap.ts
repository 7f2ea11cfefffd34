import type { PlugAt } from '../companions/plug.ts';
import { isInBackground, startInBackground } from './background.ts';
import { readArguments, runShown } from './companion.ts';
import { complain } from './complain.ts';
import type { Option } from './getopt.ts';
import { exitCodeOf, exitUsage, plugAt, runPlug } from './run-plug.ts';
import { claimStandardError } from '../system/claim.ts';

export { leave } from './leave.ts';

const options: readonly Option[] = [
  { name: 'help', short: 'h', long: ['help'], argument: false },
  { name: 'sock', short: 's', long: ['sock', 'vdesock', 'unix'], argument: true },
  { name: 'port', short: 'p', long: ['port'], argument: true },
  { name: 'group', short: 'g', long: ['group'], argument: true },
  { name: 'mode', short: 'm', long: ['mod', 'mode'], argument: true },
  { name: 'daemon', short: 'd', long: ['daemon'], argument: false },
  { name: 'pidfile', short: 'P', long: ['pidfile'], argument: true },
];

const usage = `usage: vde_plug2tap [options] TAP
Connects a tap interface of this machine to a switch. The interface is made if it does not exist, which needs root.
  -s, --sock SWITCH      the switch's directory, or a name as for vde_plug; - for frames on standard input and output
  -p, --port N           the switch's port
  -g, --group GROUP      group of the plug's socket
  -m, --mod MODE         permissions of the plug's socket, octal
  -d, --daemon           run in the background once it is plugged in
  -P, --pidfile FILE     write the process id to FILE
  -h, --help             show this text
`;

/** Implements `vde_plug2tap`, a tap interface on a switch, with the original's name and options. Returns the exit code. */
export async function runVdePlug2tap(argv: readonly string[], program: string): Promise<number> {
  claimStandardError(complain);
  const say = (line: string): void => complain(`${program}: ${line}\n`);
  const { given, operands, mistakes } = readArguments(argv, options, say);
  const [tap, ...rest] = operands;
  if (mistakes.length > 0 || given.has('help') || tap === undefined || rest.length > 0) {
    complain(usage);
    return exitUsage;
  }
  const isDaemon = given.has('daemon');
  const isStream = given.get('sock') === '-';
  return runShown(say, exitCodeOf, async () => {
    const interfaceEnd: PlugAt = { place: { kind: 'address', address: `tap://${tap}` }, settings: { description: tap } };
    const words = { port: given.get('port'), mode: given.get('mode'), group: given.get('group') };
    const ends = isStream
      ? { plug: interfaceEnd, peer: 'standard' as const }
      : { plug: plugAt(given.get('sock') ?? '', words, 'vde_plug2tap:'), peer: interfaceEnd };
    if (isDaemon && !isInBackground()) return await startInBackground({ standard: isStream });
    await runPlug({ name: 'vde_plug2tap', isDaemon, pidfile: given.get('pidfile'), say, ...ends });
    return 0;
  });
}
