import { mountFlags } from './peers.ts';
import type { Running } from './running.ts';
import { until, type Stage } from './stage.ts';

/** A system log for the commands of one test. */
export interface SystemLog {
  /** The process that receives, and writes what it is told to the file `logged`. */
  readonly process: Running;
  readonly logged: string;
  /** The words before a command that lead it to where this is its /dev/log. */
  readonly enter: readonly string[];
}

/** Starts a system log with a /dev of its own, and returns it when it receives. */
export async function startSystemLog(stage: Stage): Promise<SystemLog> {
  const logged = stage.path('syslog');
  const steps = [
    `mkdir ${stage.path('dev')} && cd ${stage.path('dev')} && touch null urandom`,
    'mount --bind /dev/null null && mount --bind /dev/urandom urandom && mount --rbind . /dev && echo mounted',
    `exec socat -u UNIX-RECV:/dev/log OPEN:${logged},creat,append`,
  ];
  const flags = mountFlags() ?? '';
  const process = stage.start(['unshare', flags, 'sh', '-c', steps.join('\n')]);
  await process.line(/^mounted$/);
  const enter = ['nsenter', '-t', String(process.pid), ...(flags.includes('U') ? ['-U', '--preserve-credentials'] : []), '-m'];
  await until('the log is there', async () => (await stage.run([...enter, 'test', '-S', '/dev/log'])).status === 0);
  return { process, logged, enter };
}
