import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Qmp, type QmpEvent } from '../../../src/launcher/guest/qmp.ts';
import { temporaryDirectory } from './real-guest.ts';

interface Command {
  execute: string;
  arguments?: unknown;
  id: number;
}

const greeting = '{"QMP": {"version": {}, "capabilities": []}}\r\n';

/** Returns a QEMU that greets and answers as told. */
async function serve(answer: (command: Command, socket: Socket) => string | undefined, hello = greeting): Promise<string> {
  const path = join(temporaryDirectory(), 'qmp');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write(hello);
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.trim().split('\n')) {
        const command = JSON.parse(line) as Command;
        const reply = command.execute === 'qmp_capabilities' ? `{"return": {}, "id": ${command.id}}` : answer(command, socket);
        if (reply !== undefined) socket.write(`${reply}\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return path;
}

describe('Qmp', () => {
  it('negotiates and gives what a command returns', async () => {
    const path = await serve((command) => JSON.stringify({ return: { saw: command }, id: command.id }));
    using qmp = await Qmp.open(path);
    expect(await qmp.execute('query-status')).toEqual({ saw: { execute: 'query-status', id: 2 } });
    expect(await qmp.execute('set', { a: 1 })).toEqual({ saw: { execute: 'set', arguments: { a: 1 }, id: 3 } });
  });

  it('matches answers to commands by their ids, whatever their order', async () => {
    const ids: number[] = [];
    const path = await serve(({ id }) => {
      ids.push(id);
      return ids.length < 2
        ? undefined
        : ids
            .reverse()
            .map((n) => `{"return": ${n}, "id": ${n}}`)
            .join('\r\n');
    });
    using qmp = await Qmp.open(path);
    expect(await Promise.all([qmp.execute('a'), qmp.execute('b')])).toEqual([2, 3]);
  });

  it('passes events on, also in the midst of an answer, in pieces of any size', async () => {
    const events: QmpEvent[] = [];
    const path = await serve(({ id }, socket) => {
      const text = `{"event": "SHUTDOWN", "data": {"reason": "guest-reset"}}\r\n{"return": "ok", "id": ${id}}\r\n`;
      for (const octet of text) socket.write(octet);
      return undefined;
    });
    using qmp = await Qmp.open(path, { onEvent: (event) => events.push(event) });
    expect(await qmp.execute('quit')).toBe('ok');
    expect(events).toEqual([{ event: 'SHUTDOWN', data: { reason: 'guest-reset' } }]);
  });

  it('throws what QEMU says of a command that fails', async () => {
    const path = await serve(({ id }) => `{"error": {"class": "GenericError", "desc": "no such device"}, "id": ${id}}`);
    using qmp = await Qmp.open(path);
    await expect(qmp.execute('device_del')).rejects.toMatchObject({ code: 'refused', message: 'QEMU refuses: no such device' });
  });

  it('gives up when nothing is answered in time, and when nobody greets', async () => {
    const path = await serve(() => undefined);
    using qmp = await Qmp.open(path, { timeout: 50 });
    await expect(qmp.execute('stop')).rejects.toMatchObject({ code: 'timed-out' });
    await expect(Qmp.open(await serve(() => undefined, ''), { timeout: 50 })).rejects.toMatchObject({ code: 'timed-out' });
  });

  it('refuses what waits and what comes when QEMU ends', async () => {
    const path = await serve((_command, socket) => {
      socket.destroy();
      return undefined;
    });
    using qmp = await Qmp.open(path);
    await expect(qmp.execute('quit')).rejects.toMatchObject({ code: 'refused' });
    await qmp.closed;
    await expect(qmp.execute('quit')).rejects.toMatchObject({ code: 'refused' });
  });

  it('is refused where nobody listens', async () => {
    await expect(Qmp.open(join(temporaryDirectory(), 'nothing'))).rejects.toMatchObject({ code: 'refused' });
  });

  it('is aborted with the reason of the signal', async () => {
    const path = await serve(() => undefined, '');
    const reason = new Error('enough');
    const controller = new AbortController();
    const opening = Qmp.open(path, { signal: controller.signal });
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
  });
});
