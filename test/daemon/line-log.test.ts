import { expect, it, vi } from 'vitest';
import { boundedLog, plainLog } from '../../src/daemon/line-log.ts';

it.each([
  ['info', ['i', 'w', 'e']],
  ['warn', ['w', 'e']],
  ['error', ['e']],
  ['silent', []],
  ['nonsense', ['i', 'w', 'e']],
])('with ETHERLOOM_LOG=%s the lines %j are written', (level, expected) => {
  vi.stubEnv('ETHERLOOM_LOG', level);
  const said: string[] = [];
  const log = plainLog((line) => said.push(line));
  vi.unstubAllEnvs();
  log('i');
  log.warn('w');
  log.error('e');
  expect(said).toEqual(expected);
});

it('writes a warning that is repeated word for word once a minute, with its count, and every line of information', () => {
  vi.useFakeTimers();
  try {
    const said: string[] = [];
    const log = boundedLog((message, _fields, level) => said.push(`${level} ${message}`));
    for (let i = 0; i < 3; i++) {
      log('joined');
      log.warn('disk full');
      log.error('disk full');
    }
    expect(said.filter((line) => line === 'info joined')).toHaveLength(3);
    expect(said.filter((line) => line.includes('disk full'))).toEqual(['warn disk full', 'error disk full']);
    vi.advanceTimersByTime(60_000);
    expect(said.slice(-2)).toEqual(['warn disk full (2 more in the last 60 s)', 'error disk full (2 more in the last 60 s)']);
  } finally {
    vi.useRealTimers();
  }
});

it('lets no text from outside begin a line, move the cursor, or turn the text around, in messages and fields', () => {
  const said: unknown[] = [];
  plainLog((line) => said.push(line))('no \n\u001b[2J file');
  const log = boundedLog((message, fields, level) => said.push([level, message, fields]));
  log.warn('a\u009b31m', { reason: 'b\u202e', count: 3, ports: [1, 'c\u2028'] });
  expect(said).toEqual(['no ??[2J file', ['warn', 'a?31m', { reason: 'b?', count: 3, ports: [1, 'c?'] }]]);
});
