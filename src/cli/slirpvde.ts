import type { PlugAt } from '../companions/plug.ts';
import { claimStandardError } from '../system/claim.ts';
import { isInBackground, startInBackground } from './background.ts';
import { readArguments, runShown } from './companion.ts';
import { complain } from './complain.ts';
import type { Option } from './getopt.ts';
import { exitCodeOf, exitUsage, plugAt, runPlug } from './run-plug.ts';
import { slirpPlace } from './slirpvde-network.ts';

export { leave } from './leave.ts';

const options: readonly Option[] = [
  { name: 'help', long: ['help'], argument: false },
  { name: 'sock', short: 's', long: ['sock', 'socket', 'vdesock', 'unix'], argument: true },
  { name: 'pidfile', short: 'p', long: ['pidfile'], argument: true },
  { name: 'group', short: 'g', long: ['group'], argument: true },
  { name: 'mode', short: 'm', long: ['mod', 'mode'], argument: true },
  { name: 'port', short: 'P', long: ['port'], argument: true },
  { name: 'daemon', short: 'd', long: ['daemon'], argument: false },
  { name: 'host', short: 'H', long: ['host'], argument: true },
  { name: 'host', short: 'n', long: ['network'], argument: true },
  { name: 'dns', short: 'N', long: ['dns'], argument: true },
  { name: 'dhcp', short: 'D', long: ['dhcp'], argument: 'optional' },
  { name: 'tcp', short: 'L', argument: true },
  { name: 'udp', short: 'U', argument: true },
  { name: 'display', short: 'X', argument: true },
  { name: 'unixsocket', short: 'x', argument: true },
  { name: 'tftp', short: 't', long: ['tftp'], argument: true },
  { name: 'quiet', short: 'q', long: ['quiet'], argument: false },
];

const usage = `usage: slirpvde [options] [SWITCH]
Connects a switch to the Internet through this machine, without root. Needs the packages vdeplug and libvdeplug-slirp.
  -s, --sock SWITCH      the switch's directory, or a name as for vde_plug; - for frames on standard input and output
  -P, --port N           the switch's port
  -g, --group GROUP      group of the plug's socket
  -m, --mod MODE         permissions of the plug's socket, octal
  -H, --host ADDR[/LEN]  the router's address, or the network (10.0.2.2/24); also -n, --network
  -N, --dns ADDR         an address of the network that answers for this machine's resolver (10.0.2.3)
  -D, --dhcp[=FIRST]     lease addresses from FIRST on by DHCP (10.0.2.15)
  -L PORT:HOST:HOSTPORT  forward TCP connections from PORT of this machine, at any of its addresses, to a host of the network
  -U PORT:HOST:HOSTPORT  the same for UDP
  -t, --tftp DIR         let hosts of the network read the files in DIR by TFTP
  -d, --daemon           run in the background once it is plugged in
  -p, --pidfile FILE     write the process id to FILE
  -q, --quiet            show only errors
      --help             show this text
`;

/** Implements `slirpvde`, the Internet for a switch, with the original's name and options. Returns the exit code. */
export async function runSlirpvde(argv: readonly string[], program: string): Promise<number> {
  claimStandardError(complain);
  const say = (line: string): void => complain(`${program}: ${line}\n`);
  const { options: found, given, operands, mistakes } = readArguments(argv, options, say);
  const isOneSwitch = operands.length <= (given.has('sock') ? 0 : 1);
  if (!isOneSwitch) say('more than one switch is given; give one');
  if (mistakes.length > 0 || !isOneSwitch || given.has('help')) {
    complain(usage);
    return exitUsage;
  }
  const isDaemon = given.has('daemon');
  const sock = operands[0] ?? given.get('sock') ?? '';
  // Shows messages other than failures.
  const tell = given.has('quiet') ? (): void => undefined : say;
  return runShown(say, exitCodeOf, async () => {
    const slirp: PlugAt = { place: slirpPlace(found), settings: { description: 'slirp' } };
    const words = { port: given.get('port'), mode: given.get('mode'), group: given.get('group') };
    const ends = sock === '-' ? { plug: slirp, peer: 'standard' as const } : { plug: plugAt(sock, words, 'slirpvde:'), peer: slirp };
    if (isDaemon && !isInBackground()) return await startInBackground({ standard: sock === '-' });
    await runPlug({ name: 'slirpvde', isDaemon, pidfile: given.get('pidfile'), say: tell, ...ends });
    return 0;
  });
}
