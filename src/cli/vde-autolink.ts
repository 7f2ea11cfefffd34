import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { realClock } from '../clock.ts';
import { AutolinkService, type AutolinkOptions } from '../companions/autolink/service.ts';
import { plugMode } from '../companions/plug-name.ts';
import { openSystemLog, plainLog } from '../daemon/line-log.ts';
import { EtherloomError } from '../errors.ts';
import { nameProcess } from '../system/daemon.ts';
import { writePidFile } from '../system/pid-file.ts';
import { isInBackground, startInBackground } from './background.ts';
import { endSignal, readArguments, runShown } from './companion.ts';
import { complain } from './complain.ts';
import type { Option } from './getopt.ts';
import { tellReady } from './tell-ready.ts';
import { claimStandardError } from '../system/claim.ts';

export { leave } from './leave.ts';

const options: readonly Option[] = [
  { name: 'help', short: 'h', long: ['help'], argument: false },
  { name: 'rcfile', short: 'f', long: ['rcfile'], argument: true },
  { name: 'daemon', short: 'd', long: ['daemon'], argument: false },
  { name: 'pidfile', short: 'p', long: ['pidfile'], argument: true },
  { name: 'mgmt', short: 'M', long: ['mgmt'], argument: true },
  { name: 'mgmtmode', long: ['mgmtmode'], argument: true },
  { name: 'sock', short: 's', long: ['sock'], argument: true },
  { name: 'switchmgmt', short: 'S', long: ['switchmgmt'], argument: true },
];

const exitFailure = 255;

const usage = `usage: vde_autolink -s DIR -S SOCK [options]
Keeps links of a switch to other hosts up: it starts their commands, watches them, and restarts them.
  -s, --sock DIR         the switch's directory
  -S, --switchmgmt SOCK  the socket of the switch's console
  -M, --mgmt SOCK        the socket of its own console, for vdeterm SOCK
      --mgmtmode MODE    permissions of that socket, octal (0700)
  -f, --rcfile FILE      commands to run at the start (~/.vde_autolinkrc, else /etc/vde2/vde_autolink.rc)
  -d, --daemon           run in the background once it serves
  -p, --pidfile FILE     write the process id to FILE
  -h, --help             show this text
`;

/** Implements `vde_autolink`, links that are kept up, with the original's name and options. Returns the exit code. */
export async function runVdeAutolink(argv: readonly string[], program: string): Promise<number> {
  claimStandardError(complain);
  const say = (line: string): void => complain(`${program}: ${line}\n`);
  const { given, operands, mistakes } = readArguments(argv, options, say);
  const [sock, switchConsole] = [given.get('sock'), given.get('switchmgmt')];
  if (mistakes.length > 0 || given.has('help') || operands.length > 0 || sock === undefined || switchConsole === undefined) {
    complain(usage);
    return exitFailure;
  }
  const isDaemon = given.has('daemon');
  return runShown(
    say,
    () => exitFailure,
    async () => {
      const mgmt = given.get('mgmt');
      const wishes: AutolinkOptions = {
        // The commands may run in another directory.
        sock: resolve(sock),
        switchConsole,
        management: mgmt === undefined ? undefined : { path: mgmt, mode: plugMode(given.get('mgmtmode') ?? '700') },
        rcfile: given.get('rcfile') ?? usualFile(),
        cwd: isDaemon ? '/' : undefined,
      };
      if (isDaemon && !isInBackground()) return await startInBackground();
      await serve(wishes, isDaemon, given.get('pidfile'), say);
      return 0;
    },
  );
}

async function serve(wishes: AutolinkOptions, isDaemon: boolean, pidfile: string | undefined, say: (line: string) => void): Promise<void> {
  nameProcess('vde_autolink');
  const told = endSignal().then(() => undefined);
  const log = isDaemon ? openSystemLog('vde_autolink') : plainLog(say);
  const opened = await AutolinkService.open(wishes, { clock: realClock, log });
  let file: Disposable | undefined;
  try {
    file = pidfile === undefined ? undefined : writePidFile(pidfile, { programs: ['vde_autolink'] });
    if (isDaemon) tellReady();
    const reason = await Promise.race([opened.ended, told]);
    if (reason !== undefined) throw new EtherloomError('refused', `lost the switch at ${wishes.sock}: ${reason}; start both again`);
  } finally {
    await opened[Symbol.asyncDispose]();
    file?.[Symbol.dispose]();
  }
}

/** Returns the default file of commands: the user's, else this machine's. */
function usualFile(): string | undefined {
  const home = process.env['HOME'];
  const files = [...(home === undefined ? [] : [join(home, '.vde_autolinkrc')]), '/etc/vde2/vde_autolink.rc'];
  return files.find((path) => existsSync(path));
}
