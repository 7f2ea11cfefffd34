import { cleanText } from '../clean-text.ts';
import { realClock } from '../clock.ts';
import { logTo, type Log, type LogFields, type LogLevel, type LogSink } from '../log.ts';
import { onceAMinute } from '../ports/once-a-minute.ts';
import { openSyslog } from './syslog.ts';

/** The values of `ETHERLOOM_LOG`, the lowest level that is written, by rank. */
const ranks = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: Infinity } as const;

/** Opens the system's log, under that name and with the process's id. */
export function openSystemLog(name: string): Log {
  const syslog = openSyslog(name);
  return boundedLog((message, _fields, level) => syslog.tell(message, level));
}

/** Returns a log of plain text lines, for tools whose standard error people and scripts read. */
export function plainLog(tell: (line: string) => void): Log {
  return boundedLog((message) => tell(message));
}

/**
 * Returns a log of the levels that `ETHERLOOM_LOG` allows. Warnings and errors that are repeated word for word are written once a minute,
 * with their count. Text from outside is cleaned, in messages and in fields: a path or a peer's reason cannot begin a line of its own, or
 * move the cursor.
 */
export function boundedLog(sink: LogSink): Log {
  const least = leastRank();
  const clean: LogSink = (message, fields, level) => sink(cleanText(message, longestLine), cleanFields(fields), level);
  const sparing = (level: LogLevel): ReturnType<typeof onceAMinute> =>
    onceAMinute(realClock, (message, fields = {}) => clean(message, fields, level));
  const repeated = { warn: sparing('warn'), error: sparing('error') };
  return logTo((message, fields, level) => {
    if (ranks[level] < least) return;
    if (level === 'info') clean(message, fields, level);
    else repeated[level](message, { key: message, fields });
  });
}

function leastRank(): number {
  const wanted = process.env['ETHERLOOM_LOG'] ?? 'info';
  return wanted in ranks ? ranks[wanted as keyof typeof ranks] : ranks.info;
}

/** The longest message or field, in characters. Some name several paths. */
const longestLine = 16_384;

function cleanFields(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cleanField(value)]));
}

function cleanField(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value, longestLine);
  return Array.isArray(value) ? value.map(cleanField) : value;
}
