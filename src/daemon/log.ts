import { isatty } from 'node:tty';
import { pino, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { realClock } from '../clock.ts';
import type { Log } from '../log.ts';
import { standardError } from '../system/standard-streams.ts';
import { boundedLog } from './line-log.ts';

/** Opens a log on standard error: for people on a terminal, one JSON object per line otherwise. */
export function openLog(name: string): Log {
  const outlet = standardError();
  const base = { pid: process.pid };
  const pretty = isatty(2) ? prettyFactory({ ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' }) : undefined;
  const shown = (line: string): string => pretty?.(line) ?? line;
  outlet.lost = (count): string => {
    const msg = `${count} lines lost: standard error was not read`;
    return shown(`${JSON.stringify({ level: pino.levels.values['warn'], time: realClock.wall(), ...base, name, lost: count, msg })}\n`);
  };
  // pino's own destinations block until the reader reads, or wait at the end for a thread that does.
  const logger: Logger = pino({ name, base }, { write: (line) => outlet.write(shown(line)) });
  return boundedLog((message, fields, level) => logger[level](fields, message));
}
