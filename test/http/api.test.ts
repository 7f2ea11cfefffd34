import { spawn } from 'node:child_process';
import { chmodSync, rmSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { GroupPart } from '../../src/management/parts/group.ts';
import { EtherloomError } from '../../src/errors.ts';
import { Feed } from '../../src/feed.ts';
import { routes } from '../../src/http/routes.ts';
import { operationTable } from '../../src/management/schemas/operation-table.ts';
import { ManualClock } from '../manual-clock.ts';
import { eventually } from '../eventually.ts';
import { missing } from '../e2e/peers.ts';
import { actAs } from '../rights.ts';
import { MemoryFiles } from '../vde-console/console-stage.ts';
import { ask, openApi, RawClient, serveAs } from './api-stage.ts';

const post = (body?: unknown): { method: string; body?: unknown } => ({ method: 'POST', body });

describe('the routes', () => {
  it('have every operation of the table, each at a path of its own', () => {
    expect([...routes.values()].map(({ operation }) => operation)).toEqual(operationTable.map(({ operation }) => operation));
  });

  it('read by GET, and do all else by POST', () => {
    for (const { operation, method } of routes.values()) expect(method === 'GET', operation.name).toBe(operation.effect === 'reads');
  });

  it('are described with their arguments', async () => {
    const { path } = await openApi();
    const { body } = await ask(path, '/v1');
    const { operations } = body as { operations: { path: string; arguments: { properties: object } }[] };
    expect(operations.map((one) => one.path)).toEqual([...routes.keys()]);
    expect(operations.find((one) => one.path === '/v1/port/setup')?.arguments.properties).toMatchObject({ port: { type: 'integer' } });
  });
});

describe('the API', () => {
  it('is at a socket of its user alone', async () => {
    const { path } = await openApi();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('reads and acts', async () => {
    const { path, managed } = await openApi();
    expect(await ask(path, '/v1/port/create', post({ port: 7 }))).toMatchObject({ status: 200, type: 'application/json', body: 7 });
    expect(await ask(path, '/v1/port/setup', post({ port: 7, up: false }))).toMatchObject({ status: 204, body: undefined });
    expect(managed.ports.get(7)?.condition.up).toBe(false);
    const { body } = await ask(path, '/v1/port/list?port=7');
    expect(body).toMatchObject([{ port: 7, condition: 'down', received: { frames: 0 } }]);
    expect((await ask(path, '/v1/vlan/list?active=true')).status).toBe(200);
  });

  it('answers each reading without arguments in JSON, or says what is missing', async () => {
    const { path } = await openApi();
    for (const route of routes.values()) {
      if (route.method !== 'GET') continue;
      const { status, type, body } = await ask(path, route.path);
      if (status === 200) expect(route.value.safeParse(body).error, route.path).toBeUndefined();
      expect([200, 400, 404], route.path).toContain(status);
      expect(type).toBe(status === 200 ? 'application/json' : 'application/problem+json');
    }
  });

  it('explains a frame as data', async () => {
    const { path } = await openApi();
    await ask(path, '/v1/port/create', post({ port: 1 }));
    const { body } = await ask(path, `/v1/port/explain?port=1&frame=${'ff'.repeat(6)}0200000000010800`);
    expect(body).toEqual({ decision: 'drop', reason: 'port-down', egress: [], text: 'drop (port-down)' });
  });

  it('tells the counters with their time', async () => {
    const { path, service } = await openApi();
    service.plane.ports.create(2);
    const one = (await ask(path, '/v1/counters/show')).body as { time: number };
    const another = (await ask(path, '/v1/counters/show')).body as { time: number };
    expect(one).toMatchObject({ ports: [{ port: 2, up: false, received: { frames: 0, octets: 0 }, drops: {} }] });
    expect(another.time).toBeGreaterThan(one.time);
  });

  it('is asked by curl, too', async (context) => {
    const lack = missing(['curl']);
    if (lack !== undefined) return void context.skip(lack);
    const { path } = await openApi();
    const words = [
      '-sS',
      '--unix-socket',
      path,
      '-d',
      '{"port":9}',
      '-H',
      'content-type: application/json',
      'http://etherloom/v1/port/create',
    ];
    const curl = spawn('curl', words);
    let said = '';
    for await (const piece of curl.stdout.setEncoding('utf8')) said += String(piece);
    expect(said).toBe('9\n');
  });

  it.each([
    ['an unknown path', '/v1/port/unknown', {}, 404, 'GET /v1'],
    ['a path that is none', '//', {}, 400, 'GET /v1'],
    ['another method', '/v1/port/create', {}, 405, 'POST'],
    ['a reading by POST', '/v1/port/list', post({}), 405, 'GET'],
    ['an unknown argument', '/v1/port/list?prt=1', {}, 400, 'prt'],
    ['an argument out of range', '/v1/port/create', post({ port: 70_000 }), 400, 'port'],
    ['an argument of another type', '/v1/port/create', post({ port: '7' }), 400, 'port'],
    ['a body that is no JSON', '/v1/port/create', post('{"port":'), 400, 'JSON'],
    ['a body of another type', '/v1/port/create', { ...post('port=1'), headers: { 'content-type': 'text/plain' } }, 415, 'Content-Type'],
    ['a body that is too long', '/v1/port/create', post(' '.repeat(300_000)), 413, '65536'],
    ['a thing that is not there', '/v1/port/remove', post({ port: 5 }), 404, 'port.remove'],
    ['a part that is not there', '/v1/dhcp/leases', {}, 404, 'DHCP'],
    ['a group that is not there', '/v1/group/kick', post({ id: 1 }), 404, 'group'],
  ])('answers %s with a problem that says what to do', async (_, at, asked, status, part) => {
    const { path } = await openApi();
    const answer = await ask(path, at, asked);
    expect(answer).toMatchObject({ status, type: 'application/problem+json', body: { type: 'about:blank', status } });
    expect((answer.body as { detail: string }).detail).toContain(part);
    expect((answer.body as { detail: string }).detail).toMatch(/; |GET \/v1|takes/);
  });

  it('names the method that a path takes', async () => {
    const { path } = await openApi();
    expect(await ask(path, '/v1/port/create')).toMatchObject({ allow: 'POST' });
  });

  it('awaits the acts of a group, and tells why one failed', async () => {
    const stage = await openApi();
    let finish: (name: string) => void = () => undefined;
    const acts = {
      rename: (_: number, name: string) => (name === 'taken' ? Promise.reject(new EtherloomError('refused', 'taken; choose')) : done),
    };
    const done = new Promise<string>((resolve) => (finish = resolve));
    const group = { events: new Feed(), members: () => [{ id: 3, role: 'slave' }], acts } as unknown as GroupPart;
    stage.management.addGroup(group);
    const renamed = ask(stage.path, '/v1/group/rename', post({ id: 3, name: 'web' }));
    expect(await ask(stage.path, '/v1/group/rename', post({ id: 3, name: 'taken' }))).toMatchObject({
      status: 409,
      body: { detail: 'taken; choose', code: 'EEXIST' },
    });
    expect(await ask(stage.path, '/v1/group/rename', post({ id: 4, name: 'web' }))).toMatchObject({ status: 404, body: { code: 'ENXIO' } });
    finish('web-2');
    expect(await renamed).toMatchObject({ status: 200, body: { name: 'web-2' } });
  });

  it('answers and logs a bug of an operation, and serves on', async () => {
    const stage = await openApi();
    const group = { events: new Feed(), members: () => [{ id: 3, role: 'slave' }], acts: {} } as unknown as GroupPart;
    stage.management.addGroup({
      ...group,
      show: () => {
        throw new TypeError('of the test');
      },
    });
    for (const at of ['/v1/group/show', '/metrics']) {
      expect(await ask(stage.path, at)).toMatchObject({ status: 500, type: 'application/problem+json', body: { status: 500 } });
      const said = stage.logged.splice(0);
      expect(said[0]).toBe('TypeError: of the test');
      expect(said[1]).toMatch(/^ +at .*api\.test\.ts/);
    }
    expect((await ask(stage.path, '/v1/port/list')).status).toBe(200);
  });

  it('does only what a caller may do', async () => {
    const path = serveAs(await openApi(), { may: new Set(['reads']), files: new MemoryFiles() });
    expect((await ask(path, '/v1/port/list')).status).toBe(200);
    expect(await ask(path, '/v1/port/create', post({ port: 3 }))).toMatchObject({ status: 403, body: { code: 'EPERM' } });
    const blind = serveAs(await openApi(), { may: new Set(), files: new MemoryFiles() });
    expect((await ask(blind, '/v1/events')).status).toBe(403);
  });

  it('opens files with the rights of the caller', async () => {
    const files = new MemoryFiles();
    const path = serveAs(await openApi(), { may: new Set(['sees-frames']), files });
    expect((await ask(path, '/v1/frame/record', post({ path: '/here' }))).status).toBe(204);
    expect(files.written('/here')?.length).toBeGreaterThan(0);
  });

  it('refuses another user, even if the mode of the socket admits him', async (context) => {
    if (process.geteuid?.() !== 0) return void context.skip('only root can run a process of another user');
    const actor = actAs('a user in two groups', context);
    const { path, logged } = await openApi(actor.directory);
    chmodSync(path, 0o777);
    const script = `require('net').connect(${JSON.stringify(path)}).on('error',()=>{}).on('close',()=>console.log('closed'))`;
    const child = spawn('setpriv', [`--reuid=${actor.uid}`, '--clear-groups', process.execPath, '-e', script]);
    let said = '';
    for await (const piece of child.stdout.setEncoding('utf8')) said += String(piece);
    expect(said).toBe('closed\n');
    expect(logged.join()).toContain(`uid ${actor.uid} is neither`);
    expect((await ask(path, '/v1/port/list')).status).toBe(200);
  });

  it('is made again when its socket was removed, and leaves none behind', async () => {
    const { path, service, management } = await openApi();
    const api = [...service.sockets].find(({ files }) => files[0]?.path === path);
    rmSync(path);
    api?.restore();
    expect((await ask(path, '/v1/port/list')).status).toBe(200);
    await management[Symbol.asyncDispose]();
    expect(() => statSync(path)).toThrow('ENOENT');
  });
});

describe('a connection of the API', () => {
  it('is closed if it asks for nothing in ten seconds, or not to the end', async () => {
    const clock = new ManualClock();
    const path = serveAs(await openApi(), { may: new Set(['reads']), files: new MemoryFiles() }, clock);
    const clients = [
      new RawClient(path),
      new RawClient(path, 'GET /v1/port/list HT'),
      new RawClient(path, 'POST /v1/port/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{'),
    ];
    expect(await ask(path, '/v1/port/showinfo')).toMatchObject({ status: 200 });
    await eventually(() => expect(clock.timers).toBe(3));
    clock.advance(10_000);
    await eventually(() => expect(clients.map(({ closed }) => closed)).toEqual([true, true, true]));
  });

  it('carries one request', async () => {
    const { path } = await openApi();
    const client = new RawClient(path, 'GET /v1/port/showinfo HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(3));
    await eventually(() => expect(client.closed).toBe(true));
    expect(client.text.match(/HTTP\/1.1 /g)).toHaveLength(1);
  });

  it('may be closed by its client after any octet, and while an operation runs', async () => {
    const stage = await openApi();
    const { path, management } = stage;
    let finish: () => void = () => undefined;
    let asked = 0;
    const acts = { accept: () => new Promise<void>((resolve) => (asked++, (finish = resolve))) };
    management.addGroup({ events: new Feed(), members: () => [{ id: 3, role: 'slave' }], acts } as unknown as GroupPart);
    const whole =
      'POST /v1/port/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"port":5}';
    for (let length = 0; length <= whole.length; length++) {
      const { socket } = new RawClient(path, whole.slice(0, length));
      await new Promise((resolve) => socket.once('close', resolve).end(() => socket.destroy()));
    }
    const client = new RawClient(
      path,
      'POST /v1/group/accept HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"id":3}',
    );
    await eventually(() => expect(asked).toBe(1));
    client.socket.destroy();
    finish();
    expect((await ask(path, '/v1/port/list?port=5')).status).toBe(200);
  });

  it('takes no endless headers, and nothing that is not HTTP', async () => {
    const { path } = await openApi();
    const clients = [`GET /v1 HTTP/1.1\r\nHost: ${'x'.repeat(20_000)}\r\n\r\n`, '\x16\x03\x01\x02garbage', '0'.repeat(100_000)].map(
      (sent) => new RawClient(path, sent),
    );
    await eventually(() => expect(clients.map(({ closed }) => closed)).toEqual([true, true, true]));
    expect(clients[0]?.text).toMatch(/^HTTP\/1.1 431 /);
    expect(clients[1]?.text).toMatch(/^HTTP\/1.1 400 /);
    expect((await ask(path, '/v1/port/list')).status).toBe(200);
  });
});
