import { pino, type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';

/** What happened, for people, and as fields for programs. Never called per frame. */
export type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

const levels: ReadonlySet<string> = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']);

/** A log on standard error: for people on a terminal, one JSON object a line otherwise. `ETHERLOOM_LOG` sets the level. */
export function openLog(name: string, level = process.env['ETHERLOOM_LOG'] ?? 'info'): Log {
  const options = { name, level: levels.has(level) ? level : 'info', base: { pid: process.pid } };
  const destination = process.stderr.isTTY
    ? PinoPretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' })
    : pino.destination({ fd: 2, sync: true });
  // What nobody reads, or has no room, is not said; the service goes on.
  destination.on('error', () => undefined);
  const logger: Logger = pino(options, destination);
  return (message, fields = {}) => logger.info(fields, message);
}
