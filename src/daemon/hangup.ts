/** What SIGHUP does to a service: it is the end of a terminal, or the word of those who rotate logs. [signal(7), systemd.exec(5)] */
import { isIgnoredByCaller } from '../system/caller.ts';
import { reopenStandardError, standardErrorFile } from '../system/daemon.ts';
import { hasTerminal } from '../system/process.ts';
import { reopenSyslog } from './syslog.ts';

/** SIGHUP ends the service, or lets it open its log again, or is left as it is. */
export type Hangup = 'end' | 'reopen' | 'none';

/**
 * Returns what fits how this process was started. A service manager names its services to them; a terminal that it started hands these
 * variables on to all that runs there, so they count without a terminal only. `nohup` ignores the signal.
 */
export function usualHangup(): Hangup {
  const named = ['INVOCATION_ID', 'NOTIFY_SOCKET'].some((name) => process.env[name]);
  return isIgnoredByCaller('SIGHUP') || (named && !hasTerminal()) ? 'reopen' : 'end';
}

/**
 * Returns a function that opens the log again: the system's, and the file that standard error is now, in whose place there may be another
 * by then. `tell` is told when that cannot be opened; the log then stays in the one that is open.
 */
export function logReopener(tell: (line: string) => void): () => void {
  const path = standardErrorFile();
  return () => {
    reopenSyslog();
    if (path === undefined) return;
    reopenStandardError(path).catch((error: unknown) => {
      tell(`cannot open the log ${path} again: ${error instanceof Error ? error.message : String(error)}; it goes on in the old file`);
    });
  };
}
