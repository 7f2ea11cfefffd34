/**
 * Decides what SIGHUP does to a service. It is sent when a terminal ends, and by programs that rotate logs. [signal(7), systemd.exec(5)]
 */
import { isIgnoredByCaller } from '../system/caller.ts';
import { reopenStandardError, standardErrorFile } from '../system/daemon.ts';
import { hasTerminal } from '../system/process.ts';
import { reopenSyslog } from './syslog.ts';

/** The effect of SIGHUP: it ends the service, makes it reopen its log, or has no effect. */
export type Hangup = 'end' | 'reopen' | 'none';

/**
 * Returns the effect that suits how this process was started. A service manager sets these variables for its services. A terminal that it
 * started passes them on to all programs in it, so they count only without a terminal. `nohup` ignores the signal.
 */
export function usualHangup(): Hangup {
  const named = ['INVOCATION_ID', 'NOTIFY_SOCKET'].some((name) => process.env[name]);
  return isIgnoredByCaller('SIGHUP') || (named && !hasTerminal()) ? 'reopen' : 'end';
}

/**
 * Returns a function that reopens the log: the system's, and the file of standard error, which may have been replaced. If that file cannot
 * be opened, `tell` is called, and the log continues in the open one.
 */
export function logReopener(tell: (line: string) => void): () => void {
  const path = standardErrorFile();
  return () => {
    reopenSyslog();
    if (path === undefined) return;
    reopenStandardError(path).catch((error: unknown) => {
      tell(
        `cannot open the log ${path} again: ${error instanceof Error ? error.message : String(error)}; the log continues in the old file`,
      );
    });
  };
}
