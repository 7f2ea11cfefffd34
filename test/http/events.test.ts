import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ApiClient, type ReceivedEvent } from '../../src/http/client.ts';
import { realClock } from '../../src/clock.ts';
import { EtherloomError } from '../../src/errors.ts';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { MemoryFiles } from '../vde-console/console-stage.ts';
import { newDirectory } from '../ports/rig.ts';
import { ask, openApi, openHttp, RawClient, serveAs } from './api-stage.ts';

const events = 'GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** Returns the ids of the events in what a raw client got. */
function idsIn(text: string): string[] {
  return [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? '');
}

/** Returns the data of the server-sent events in what a raw client got. */
function eventsIn(text: string): ReceivedEvent[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json ?? '') as ReceivedEvent);
}

describe('the events of the API', () => {
  it('come as they occur, with their time, and only while there is a reader', async () => {
    const { path, managed } = await openApi();
    const client = new RawClient(path, events);
    await eventually(() => expect(client.text).toContain(': events'));
    expect(client.text).toMatch(/content-type: text\/event-stream\r\n/);
    await ask(path, '/v1/port/create', { method: 'POST', body: { port: 4 } });
    await eventually(() =>
      expect(eventsIn(client.text)).toMatchObject([
        { kind: 'port', change: 'added', port: 4 },
        { kind: 'operation', name: 'port.create' },
      ]),
    );
    expect(String(eventsIn(client.text)[0]?.['time'])).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(managed.ports.changes.wanted).toBe(true);
    client.socket.destroy();
    // The data plane itself listens to its ports.
    const own = (await openApi()).managed;
    await eventually(() => expect(managed.treeChanges.wanted).toBe(own.treeChanges.wanted));
  });

  it('are of the kinds that were asked for', async () => {
    const { path, managed } = await openApi();
    const client = new RawClient(path, events.replace('/events', '/events?kind=tree&kind=loop'));
    await eventually(() => expect(client.text).toContain(': events'));
    managed.ports.create(4);
    managed.moves?.reports.emit({ kind: 'loop', ports: [1], stations: 1, frames: 100 });
    await eventually(() => expect(eventsIn(client.text)).toMatchObject([{ kind: 'loop' }]));
  });

  it('are lost and counted for a reader that is too slow, and take no memory for it', async () => {
    const { path, managed } = await openApi();
    const client = new RawClient(path, events);
    await eventually(() => expect(client.text).toContain(': events'));
    client.socket.pause();
    const report = { kind: 'loop', ports: Array.from({ length: 16 }, (_, i) => i), stations: 1 } as const;
    const sent = 50_000;
    for (let frames = 0; frames < sent; frames++) managed.moves?.reports.emit({ ...report, frames });
    client.socket.resume();
    await eventually(() => expect(client.text).toContain('"kind":"lost"'));
    managed.moves?.reports.emit({ ...report, frames: sent });
    await eventually(() => expect(client.text).toContain(`"frames":${sent}`));
    const got = eventsIn(client.text);
    const lost = got.filter(({ kind }) => kind === 'lost').reduce((sum, one) => sum + Number(one['events']), 0);
    expect(got.filter(({ kind }) => kind === 'loop').length + lost).toBe(sent + 1);
    // Far less than the kernel and we together hold for a reader.
    expect(client.text.length).toBeLessThan(sent * 20);
  });

  it('go on for a reader that was cut off, from the id of the last one that it got', async () => {
    const { path, managed } = await openApi();
    const client = new RawClient(path, events);
    await eventually(() => expect(client.text).toContain(': events'));
    managed.ports.create(1);
    await eventually(() => expect(eventsIn(client.text)).toHaveLength(1));
    client.socket.destroy();
    for (const port of [2, 3]) managed.ports.create(port);
    const id = idsIn(client.text).at(-1) ?? '';
    const header = new RawClient(path, events.replace('\r\n\r\n', `\r\nLast-Event-ID: ${id}\r\n\r\n`));
    const query = new RawClient(path, events.replace('/events', `/events?after=${id}`));
    for (const one of [header, query]) await eventually(() => expect(eventsIn(one.text)).toMatchObject([{ port: 2 }, { port: 3 }]));
    expect(new Set(idsIn(header.text)).size).toBe(3);
  });

  it('tell a reader with an id that is not known that it must look at everything anew', async () => {
    const { path, managed } = await openApi();
    const client = new RawClient(path, events.replace('\r\n\r\n', '\r\nLast-Event-ID: other-7\r\n\r\n'));
    await eventually(() => expect(eventsIn(client.text)).toEqual([{ kind: 'lost' }]));
    managed.ports.create(1);
    await eventually(() => expect(eventsIn(client.text)).toMatchObject([{ kind: 'lost' }, { port: 1 }]));
    const hostile = new RawClient(path, events.replace('/events', `/events?after=${encodeURIComponent('x\n\ndata: {"kind":"evil"}\n\n')}`));
    await eventually(() => expect(eventsIn(hostile.text)).toEqual([{ kind: 'lost' }]));
  });

  it('come with snapshots of the counters for a reader that names them, of which a slow one loses some', async () => {
    const stage = await openApi();
    stage.managed.ports.create(4);
    const clock = new ManualClock();
    const path = serveAs(stage, { may: new Set(['reads']), files: new MemoryFiles() }, clock);
    const plain = new RawClient(path, events);
    await eventually(() => expect(plain.text).toContain(': events'));
    const client = new RawClient(path, events.replace('/events', '/events?kind=counters'));
    await eventually(() => expect(eventsIn(client.text)).toMatchObject([{ kind: 'counters', ports: [{ port: 4 }] }]));
    clock.advance(1000);
    await eventually(() => expect(eventsIn(client.text)).toHaveLength(2));
    expect(eventsIn(plain.text)).toEqual([]);
    for (let port = 5; port < 600; port++) stage.managed.ports.create(port);
    client.socket.pause();
    for (let i = 0; i < 500; i++) clock.advance(1000);
    client.socket.resume();
    await eventually(() => {
      const before = client.text.length;
      clock.advance(1000);
      expect(client.text.length).toBe(before);
      expect(eventsIn(client.text).length).toBeGreaterThan(2);
    });
    // Each is about 70 kB: of 500, the kernel and we hold some dozens.
    expect(eventsIn(client.text).length).toBeLessThan(200);
  });

  it('are not lost while a snapshot of many ports is under way', async () => {
    const stage = await openApi();
    for (let port = 1; port < 1000; port++) stage.managed.ports.create(port);
    const clock = new ManualClock();
    const path = serveAs(stage, { may: new Set(['reads']), files: new MemoryFiles() }, clock);
    const client = new RawClient(path, events.replace('/events', '/events?kind=counters&kind=loop'));
    await eventually(() => expect(eventsIn(client.text)).toHaveLength(1));
    client.socket.pause();
    // More than the kernel holds: the last one that was begun waits.
    for (let i = 0; i < 50; i++) clock.advance(1000);
    for (let frames = 0; frames < 5; frames++) stage.managed.moves?.reports.emit({ kind: 'loop', ports: [1], stations: 1, frames });
    client.socket.resume();
    await eventually(() => expect(client.text).toContain('"frames":4'));
    const others = eventsIn(client.text).filter(({ kind }) => kind !== 'counters');
    expect(others.map(({ kind, frames }) => ({ kind, frames }))).toEqual([0, 1, 2, 3, 4].map((frames) => ({ kind: 'loop', frames })));
  });

  it('end with the service', async () => {
    const { path, management } = await openApi();
    const client = new RawClient(path, events);
    await eventually(() => expect(client.text).toContain(': events'));
    await management[Symbol.asyncDispose]();
    await eventually(() => expect(client.closed).toBe(true));
  });

  it.each(['its own socket', 'a TCP port'])(
    'have 32 readers at %s, of a thousand that do not read, and leave room for commands',
    async (door) => {
      const stage = door === 'a TCP port' ? await openHttp() : { ...(await openApi()), bearer: {} };
      const [path, { managed, bearer }] = ['port' in stage ? stage.port : stage.path, stage];
      const sent = events.replace(
        '\r\n\r\n',
        Object.entries(bearer)
          .map(([name, value]) => `\r\n${name}: ${value}`)
          .join('') + '\r\n\r\n',
      );
      const clients: RawClient[] = [];
      for (let i = 0; i < 1000; i++) {
        const client = new RawClient(path, sent);
        client.socket.pause();
        clients.push(client);
        if (i % 50 === 0) await ask(path, '/v1/port/showinfo', { headers: bearer }).catch(() => undefined);
      }
      await eventually(async () => expect((await ask(path, '/v1/port/showinfo', { headers: bearer })).status).toBe(200), 30_000);
      for (let frames = 0; frames < 1000; frames++) managed.moves?.reports.emit({ kind: 'loop', ports: [1], stations: 1, frames });
      for (const { socket } of clients) socket.resume();
      await eventually(() => expect(clients.filter(({ closed }) => !closed)).toHaveLength(32), 30_000);
      const answered = clients.filter(({ text }) => text.startsWith('HTTP/1.1 200'));
      expect(answered).toHaveLength(32);
      for (const client of clients.filter(({ text, closed }) => closed && text !== '')) expect(client.text).toContain('HTTP/1.1 503');
      for (const { socket } of clients) socket.destroy();
      await eventually(async () => {
        const next = new RawClient(path, sent);
        await eventually(() => expect(next.text).toContain(': events'));
      });
    },
  );
});

describe('the client of the API', () => {
  it('runs operations, and is told events', async () => {
    const { path, managed } = await openApi();
    const client = new ApiClient(path, realClock);
    expect(await client.run('POST', 'port.create', { port: 5, unset: undefined })).toBe(5);
    expect(await client.run('GET', 'port.list', { port: 5 })).toMatchObject([{ port: 5 }]);
    expect(await client.run('POST', 'port.setup', { port: 5, up: true })).toBeUndefined();
    const got: ReceivedEvent[] = [];
    const ready = new Promise<void>((resolve) => {
      void client.events(['port'], (event) => got.push(event), resolve).catch(() => undefined);
    });
    await ready;
    managed.ports.create(6);
    await eventually(() => expect(got).toMatchObject([{ kind: 'port', port: 6 }]));
  });

  it('throws the reason of the service', async () => {
    const client = new ApiClient((await openApi()).path, realClock);
    await expect(client.run('GET', 'group.members')).rejects.toThrow('this switch is not in a group; start a master');
    await expect(client.run('GET', 'port.list', { port: 99 })).rejects.toBeInstanceOf(EtherloomError);
  });

  it('says where none answers', async () => {
    const path = `${newDirectory()}/api`;
    await expect(new ApiClient(path, realClock).run('GET', 'port.list')).rejects.toThrow(`no service answers at ${path}; start it`);
    await expect(new ApiClient(path, realClock).events([], () => undefined)).rejects.toThrow('no service answers');
  });

  it('says that a service was killed in the middle of an answer, or before it', async () => {
    const path = `${newDirectory()}/api`;
    const server = createServer((socket) =>
      socket.once('data', (asked) => {
        if (String(asked).includes('/v1/port/setup')) socket.destroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n:\n\n', () => socket.destroy());
      }),
    );
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const client = new ApiClient(path, realClock);
    let isReady = false;
    await client.events(
      [],
      () => undefined,
      () => (isReady = true),
    );
    expect(isReady).toBe(true);
    await expect(client.run('GET', 'port.list')).rejects.toThrow('has ended before it answered; start it again');
    await expect(client.run('POST', 'port.setup')).rejects.toThrow('has ended the connection: it stops');
  });
});
