import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bin, useStage } from './stage.ts';
import { Terminal } from './terminal.ts';

/** Text that would set the terminal's title, erase its screen, begin a line of a log, and turn text around. */
const hostile = '\u001b]0;title\u0007\u001b[2J\n{"level":30,"msg":"slave 1 joined"}\r\u009b31m\u202e\u2028end';
const shown = '?]0;title??[2J?{"level":30,"msg":"slave 1 joined"}??31m??end';

/** Ctrl-C. */
const interrupt = '\u0003';

/** Listens as a master's control port that answers each slave with a line. Returns the link port that a slave must be told. */
async function falseMaster(line: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(`${line}\n`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port - 1;
}

describe("a false master's words on the slave's terminal", { timeout: 60_000 }, () => {
  const stage = useStage(['script']);

  const slave = (port: number): Terminal => {
    const master = `127.0.0.1:${port}`;
    return new Terminal(stage, bin('etherloom'), 'slave', '--master', master, '--sock', stage.path('s'), '--state', stage.path('t'));
  };

  it.each([
    ['a refusal for good', JSON.stringify({ type: 'refusal', reason: hostile, retry: false }), shown],
    ['a refusal for now', JSON.stringify({ type: 'refusal', reason: hostile, retry: true }), shown],
    ['a strange line', `SSH${hostile}`, 'SSH?]0;title??[2J'],
  ])('are cleaned: %s', async (_what, line, expected) => {
    const terminal = slave(await falseMaster(line));
    await terminal.shows(/title/);
    expect(terminal.text).toContain(expected);
    for (const sign of ['\u001b]', '\u001b[2J', '\u0007', '\u009b', '\u202e', '\u2028']) expect(terminal.text).not.toContain(sign);
    expect(terminal.text).not.toMatch(/^\{/m);
    terminal.running.stdin.write(interrupt);
    await terminal.running.exit;
  });
});
