import { chmodSync, closeSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { ConsoleClient } from '../../src/console-client/client.ts';
import { bindFile, datagramSocket, streamSocket } from '../../src/system/unix-socket.ts';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { newDirectory } from '../ports/rig.ts';

/** Returns a console that a test plays. */
async function play(greet: (socket: Socket) => void): Promise<{ path: string; sockets: Socket[]; heard: string[] }> {
  const [path, sockets, heard]: [string, Socket[], string[]] = [join(newDirectory(), 'm'), [], []];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.setEncoding('utf8').on('data', (text: string) => heard.push(text));
    socket.on('error', () => undefined);
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { path, sockets, heard };
}

const greeting = 'VDE switch V.1\n\nvde$ ';

describe('a client of a console', () => {
  it('waits for the prompt, gives its command in one piece, and has data and status, however slowly they come', async () => {
    const { path, sockets, heard } = await play((socket) => socket.write('VDE switch V.1\n\nvd'));
    const opening = ConsoleClient.open({ path, clock: realClock });
    await eventually(() => expect(sockets.length).toBe(1));
    sockets[0]?.write('e$ ');
    using client = await opening;
    expect([client.banner, client.prompt]).toEqual([['VDE switch V.1', ''], 'vde$ ']);
    const data: string[] = [];
    const answering = client.command('port/print', (line) => data.push(line));
    await eventually(() => expect(heard).toEqual(['port/print\n']));
    for (const octet of "0000 DATA END WITH '.'\nPort 0001\n.\n1006 No such device or address\n\nvde$ ") {
      await new Promise((resolve) => sockets[0]?.write(octet, resolve));
    }
    expect(await answering).toEqual({ status: 6, text: 'No such device or address' });
    expect(data).toEqual(['Port 0001']);
  });

  it('gives up on one that says nothing, by the clock, and says so', async () => {
    const clock = new ManualClock();
    const { path, sockets } = await play(() => undefined);
    const opening = ConsoleClient.open({ path, clock, patience: 5000 });
    const failure = expect(opening).rejects.toMatchObject({
      code: 'timed-out',
      message: expect.stringContaining('did not answer in 5 s') as string,
    });
    await eventually(() => expect([sockets.length, clock.timers]).toEqual([1, 1]));
    clock.advance(5000);
    await failure;
    expect(clock.timers).toBe(0);
  });

  it('tells that it is over: told to go, or gone without a word', async () => {
    const { path, sockets } = await play((socket) => socket.write(greeting));
    using told = await ConsoleClient.open({ path, clock: realClock });
    sockets[0]?.end('9999 END OF SESSION');
    expect(await told.over).toBe(undefined);
    await expect(told.command('x', () => undefined)).rejects.toMatchObject({ code: 'refused' });
    using left = await ConsoleClient.open({ path, clock: realClock });
    const answering = left.command('showinfo', () => undefined);
    sockets[1]?.destroy();
    await expect(answering).rejects.toMatchObject({ code: 'refused', message: 'the console closed the connection' });
    expect(await left.over).toBe('the console closed the connection');
    // Some only close when they are told to end.
    using ended = await ConsoleClient.open({ path, clock: realClock });
    const ending = ended.command('shutdown', () => undefined);
    sockets[2]?.destroy();
    expect([(await ending).status, await ended.over]).toEqual([undefined, undefined]);
  });

  it('says what helps when there is no console', async () => {
    const { path } = await play(() => undefined);
    const open = (at: string): Promise<ConsoleClient> => ConsoleClient.open({ path: at, clock: realClock });
    await expect(open(`${path}x`)).rejects.toThrow(/cannot connect to .*x: no such file or directory .*-M/);
    await expect(open('/etc/hostname')).rejects.toThrow(/cannot connect to \/etc\/hostname: it is not a socket; .*-M/);
    await expect(open('/etc')).rejects.toThrow(/cannot connect to \/etc: it is a directory; .*-M/);
    // A name, and not the number of a TCP port.
    await expect(open('7')).rejects.toThrow(/cannot connect to 7: no such file or directory/);
    const [left, datagrams] = [streamSocket(), datagramSocket()];
    onTestFinished(() => closeSync(datagrams));
    bindFile(left, { path: `${path}-left`, mode: 0o600 });
    closeSync(left);
    await expect(open(`${path}-left`)).rejects.toThrow(/connection refused .*start it again/);
    bindFile(datagrams, { path: `${path}-datagrams`, mode: 0o600 });
    await expect(open(`${path}-datagrams`)).rejects.toThrow(/a socket of another type .*-M/);
    await expect(open(`${path}-${'x'.repeat(110)}`)).rejects.toThrow(/cannot connect to .*xxx: no such file or directory .*-M/);
    if (process.geteuid?.() === 0) return;
    chmodSync(path, 0);
    await expect(open(path)).rejects.toMatchObject({
      code: 'not-permitted',
      message: expect.stringMatching(/permission denied \(mode 0000, owner .+\); .*--mgmtmode/) as string,
    });
    rmSync(path);
  });
});
