import { realClock } from '../clock.ts';
import { describePlug } from '../companions/plug-end.ts';
import { plugMode, plugPlace, plugPort } from '../companions/plug-name.ts';
import { Plug, type PlugAt, type PlugOptions } from '../companions/plug.ts';
import { openSystemLog, plainLog } from '../daemon/line-log.ts';
import { EtherloomError } from '../errors.ts';
import { nameProcess } from '../system/daemon.ts';
import { writePidFile } from '../system/pid-file.ts';
import { endSignal } from './companion.ts';
import { tellReady } from './tell-ready.ts';

/** The exit code after a mistake in the arguments of a plug. */
export const exitUsage = 255;

const exitFailure = 1;

/** The options of a plug, in text. */
interface PlugWords {
  readonly port: string | undefined;
  readonly mode: string | undefined;
  readonly group: string | undefined;
}

/** A plug that runs until it or a signal ends it. */
export interface PlugRun extends PlugOptions {
  /** The name of the process, in `ps` and in the system's log. */
  readonly name: string;
  readonly isDaemon: boolean;
  readonly pidfile: string | undefined;
  /** Shows a line to the user, unless this is a daemon. */
  readonly say: (line: string) => void;
  /** Records the start and the end. Default: no record. */
  readonly record?: ((line: string) => void) | undefined;
}

/** Plugs in, and carries frames until an end has gone or a signal ends it. Throws EtherloomError if an end cannot be opened, or fails. */
export async function runPlug({ name, isDaemon, pidfile, say, record, ...options }: PlugRun): Promise<void> {
  nameProcess(name);
  // Signals are handled from here on: one that arrives while the switch is being asked also ends the process cleanly.
  const told = endSignal();
  const log = isDaemon ? openSystemLog(name) : plainLog(say);
  const opening = Plug.open(options, { clock: realClock, log, poison: process.env['ETHERLOOM_POISON'] === '1' });
  const opened = await Promise.race([opening, told.then(() => undefined)]);
  if (!opened) return;
  let file: Disposable | undefined;
  try {
    file = pidfile === undefined ? undefined : writePidFile(pidfile, { programs: [name] });
    record?.(`START ${options.plug.settings.description}`);
    if (isDaemon) tellReady();
    void told.then((signal) => opened.finish(signal));
    const reason = await opened.ended;
    record?.(`STOP ${options.plug.settings.description}: ${reason}`);
    const failure = await opened.failure();
    if (failure === undefined) return;
    if (isDaemon) log.error(failure);
    throw new EtherloomError('system', `${failure}; start ${name} again`);
  } finally {
    await opened[Symbol.asyncDispose]();
    file?.[Symbol.dispose]();
  }
}

/** Returns a plug at a switch. Throws EtherloomError('bad-option'). */
export function plugAt(name: string, { port, mode, group }: PlugWords, description: string): PlugAt {
  const settings = {
    port: port === undefined ? undefined : plugPort(port),
    mode: mode === undefined ? undefined : plugMode(mode),
    group,
    description: describePlug(description),
  };
  return { place: plugPlace(name), settings };
}

/** Returns the exit code of a plug that failed. */
export function exitCodeOf(error: Error): number {
  return error instanceof EtherloomError && error.code === 'bad-option' ? exitUsage : exitFailure;
}
