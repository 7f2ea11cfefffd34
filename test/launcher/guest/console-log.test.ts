import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConsoleLog, plainText } from '../../../src/launcher/guest/console-log.ts';
import { eventually } from '../../eventually.ts';
import { temporaryDirectory } from './real-guest.ts';

function logWith(text: string): { path: string; lines: string[] } {
  const path = join(temporaryDirectory(), 'console.log');
  writeFileSync(path, text);
  return { path, lines: [] };
}

describe('ConsoleLog', () => {
  it('tells the whole lines that are there from its offset on, at once', () => {
    const { path, lines } = logWith('old\r\nBOOT\r\nREADY\r\nhalf');
    using log = new ConsoleLog(path, 5, (line) => lines.push(line));
    expect(lines).toEqual(['BOOT', 'READY']);
    expect(log.lastLines).toEqual(['BOOT', 'READY', 'half']);
  });

  it('tells each line that is added when it is whole, without being asked', async () => {
    const { path, lines } = logWith('');
    using log = new ConsoleLog(path, 0, (line) => lines.push(line));
    appendFileSync(path, 'LEASE 10.77.');
    await eventually(() => expect(log.lastLines).toEqual(['LEASE 10.77.']));
    expect(lines).toEqual([]);
    appendFileSync(path, '0.11 aa\n');
    await eventually(() => expect(lines).toEqual(['LEASE 10.77.0.11 aa']));
  });

  it('is emptied but for some lines, and goes on with what is appended', () => {
    const { path, lines } = logWith('much\n'.repeat(1000));
    using log = new ConsoleLog(path, 0, (line) => lines.push(line));
    lines.length = 0;
    log.restart(['BOOT', 'READY']);
    appendFileSync(path, 'more\n');
    log.read();
    expect(lines).toEqual(['more']);
    expect(readFileSync(path, 'utf8')).toBe('BOOT\nREADY\nmore\n');
    expect(log.offset).toBe(16);
  });

  it('keeps the last 80 lines', () => {
    const { path } = logWith(Array.from({ length: 90 }, (_, n) => `${n}\n`).join(''));
    using log = new ConsoleLog(path, 0, () => undefined);
    expect(log.lastLines).toHaveLength(80);
    expect(log.lastLines[0]).toBe('10');
  });

  it('may be disposed of by whoever hears a line', () => {
    const { path } = logWith('');
    const log: ConsoleLog = new ConsoleLog(path, 0, () => log[Symbol.dispose]());
    appendFileSync(path, 'one\n');
    log.read();
    log.read();
  });
});

describe('plainText', () => {
  it('takes escape sequences and carriage returns away', () => {
    expect(plainText('\u001b[6n\u001b[1;31mred\u001b[0m\r\n\u001b7x\u001bM')).toBe('red\nx');
  });
});
