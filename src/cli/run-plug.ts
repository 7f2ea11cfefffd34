import { realClock } from '../clock.ts';
import { Plug, type PlugOptions } from '../companions/plug.ts';
import { openSystemLog, plainLog } from '../daemon/line-log.ts';
import { EtherloomError } from '../errors.ts';
import { nameProcess } from '../system/daemon.ts';
import { writePidFile } from '../system/pid-file.ts';
import { tellReady } from './tell-ready.ts';

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
  const told = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
  });
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
