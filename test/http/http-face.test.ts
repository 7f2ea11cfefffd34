import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../eventually.ts';
import { newDirectory } from '../ports/rig.ts';
import { ask, openApi, openHttp, RawClient, type Asked } from './api-stage.ts';

const post = (body?: unknown): Asked => ({ method: 'POST', body });

/** The answer's advice to a client. */
function detailOf(body: unknown): string {
  return (body as { detail: string }).detail;
}

describe('an HTTP server', () => {
  it('lets in who knows the token, to read and to act', async () => {
    const { port, bearer, managed } = await openHttp();
    expect(await ask(port, '/v1/port/create', { ...post({ port: 7 }), headers: bearer })).toMatchObject({ status: 200, body: 7 });
    expect(managed.ports.get(7)).toBeDefined();
    expect(await ask(port, '/v1/port/list', { headers: bearer })).toMatchObject({ status: 200, body: [{ port: 7 }] });
    const lower = { authorization: bearer['authorization']?.replace('Bearer', 'bearer') ?? '' };
    expect((await ask(port, '/v1/port/list', { headers: lower })).status).toBe(200);
  });

  it.each([
    ['no token', {}],
    ['an empty one', { authorization: 'Bearer ' }],
    ['a wrong one', { authorization: `Bearer ${'A'.repeat(22)}` }],
    ['another kind of proof', { authorization: `Basic ${Buffer.from('root:root').toString('base64')}` }],
    ['a cookie', { cookie: 'token=A' }],
  ])('asks a client with %s for the token, and does nothing', async (_, headers) => {
    const { port, managed } = await openHttp();
    for (const path of ['/', '/v1', '/v1/port/list', '/v1/events', '/v1/unknown', '/v1/port/list?ticket=A', '/v1/port/list?token=A']) {
      const answer = await ask(port, path, { headers });
      expect(answer).toMatchObject({ status: 401, type: 'application/problem+json', body: { status: 401 } });
      expect(answer.headers['www-authenticate']).toContain('Bearer');
      expect(detailOf(answer.body)).toContain('Authorization: Bearer');
    }
    expect((await ask(port, '/v1/port/create', { ...post({ port: 7 }), headers })).status).toBe(401);
    expect((await ask(port, '/v1/tickets', { ...post({ path: '/v1/events' }), headers })).status).toBe(401);
    expect(managed.ports.get(7)).toBeUndefined();
    expect(managed.ports.changes.wanted).toBe((await openApi()).managed.ports.changes.wanted);
  });

  it.each(['beginning', 'more'])('does not take the token by a %s of it', async (what) => {
    const { port, token } = await openHttp();
    const given = what === 'more' ? `${token}A` : token.slice(0, -1);
    expect((await ask(port, '/v1/port/list', { headers: { authorization: `Bearer ${given}` } })).status).toBe(401);
  });

  it('never sets a cookie, and lets no page read or frame its answers', async () => {
    const { port, bearer } = await openHttp();
    const asked = [ask(port, '/v1/port/list'), ask(port, '/v1/port/list', { headers: bearer }), ask(port, '/v1/no', { headers: bearer })];
    for (const { headers } of await Promise.all(asked)) {
      expect(headers).not.toHaveProperty('set-cookie');
      expect(headers).not.toHaveProperty('access-control-allow-origin');
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    }
  });

  it.each([
    ['of another site', 'https://evil.example'],
    ['of another port of this host', 'http://127.0.0.1:3000'],
    ['of this host under another name', 'http://localhost:3000'],
    ['of no origin, as in a sandbox', 'null'],
    ['of a longer name', 'http://127.0.0.1.evil.example'],
  ])('turns a page %s away, with the token too', async (_, origin) => {
    const { port, bearer, managed } = await openHttp();
    const headers = { ...bearer, origin };
    const preflight = { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } };
    expect((await ask(port, '/v1/port/create', preflight)).status).toBe(403);
    const answer = await ask(port, '/v1/port/create', { ...post({ port: 7 }), headers });
    expect(answer).toMatchObject({ status: 403, type: 'application/problem+json' });
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    expect((await ask(port, '/v1/port/list', { headers })).status).toBe(403);
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    };
    expect((await ask(port, '/v1/events', { headers: { ...headers, ...upgrade } })).status).toBe(403);
    expect(managed.ports.get(7)).toBeUndefined();
  });

  it('lets its own page in, under each name that it has', async () => {
    const { port, bearer } = await openHttp();
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`, 'localhost:7979', '[::1]:7979']) {
      const headers = { ...bearer, host, origin: `http://${host.toLowerCase()}` };
      expect((await ask(port, '/v1/port/list', { headers })).status, host).toBe(200);
    }
  });

  it.each([
    'evil.example',
    'evil.example:7979',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    '127.0.0.1:7979,evil',
  ])('turns away a name that was bound to its address: %s', async (host) => {
    const { port, bearer } = await openHttp();
    for (const headers of [{ host }, { ...bearer, host }, { ...bearer, host, origin: `http://${host}` }]) {
      expect((await ask(port, '/v1/port/list', { headers })).status).toBe(403);
    }
  });

  it('is asked nothing by a page of another server of this host, and sends that server nothing', async () => {
    const { port } = await openHttp();
    const seen: string[] = [];
    const other = createServer((asked, response) => {
      seen.push(JSON.stringify(asked.headers));
      response.writeHead(302, { location: `http://127.0.0.1:${port}/v1/switch/shutdown` }).end();
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const there = (other.address() as AddressInfo).port;
    // A redirection, an image and a form of that server have no token.
    expect((await ask(there, '/')).status).toBe(302);
    const form = { method: 'POST', body: '{}', headers: { origin: `http://127.0.0.1:${there}`, 'content-type': 'text/plain' } };
    expect((await ask(port, '/v1/switch/shutdown', form)).status).toBe(403);
    expect((await ask(port, '/v1/switch/showinfo')).status).toBe(401);
    expect(seen).toHaveLength(1);
  });

  it('opens no files by their paths for a client whose user it does not know', async () => {
    const { port, bearer } = await openHttp();
    const path = join(newDirectory(), 'frames');
    const answer = await ask(port, '/v1/frame/record', { ...post({ path }), headers: bearer });
    expect(answer).toMatchObject({ status: 403, body: { code: 'EACCES' } });
  });

  it('opens no links that use files, interfaces or variables of this machine for such a client', async () => {
    const { port, bearer, managed } = await openHttp();
    const directory = newDirectory();
    const pipe = join(directory, 'pipe');
    // Opening it to read would wait for a writer, which never comes.
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    const addresses = [
      `ws://127.0.0.1:0/x?token-file=${pipe}`,
      `ws://127.0.0.1:0/x?a=b&token%2Dfile=${pipe}`,
      'ws://127.0.0.1:0/x?token-env=PATH',
      `qemu://${directory}/a,${directory}/b`,
      `qemu-stream://${directory}/a`,
      `qemu-stream-listen://${directory}/a`,
      `bess://${directory}/a`,
      `bess-dial://${directory}/a`,
      `vde://${directory}`,
      'tap://el0',
    ];
    for (const address of addresses) {
      const answer = await ask(port, '/v1/link/add', { ...post({ address }), headers: bearer });
      expect(answer, address).toMatchObject({ status: 403, body: { code: 'EACCES' } });
      expect(detailOf(answer.body)).toMatch(/would be used with the rights of the service, .*; add it by the console/);
    }
    expect(managed.links?.list()).toEqual([]);
    expect(readdirSync(directory)).toEqual(['pipe']);
    const listening = { address: 'tcp-listen://127.0.0.1:0' };
    expect((await ask(port, '/v1/link/add', { ...post(listening), headers: bearer })).status).toBe(204);
    expect((await ask(port, '/v1/link/add', { ...post({ address: 'nonsense' }), headers: bearer })).status).toBe(400);
    const own = await openApi();
    const there = { address: `qemu-stream-listen://${directory}/q` };
    expect((await ask(own.path, '/v1/link/add', post(there))).status).toBe(204);
  });

  it('only reads for clients of a server that only reads', async () => {
    const { port, bearer, managed } = await openHttp({ readOnly: true });
    managed.ports.create(3);
    expect((await ask(port, '/v1/port/list', { headers: bearer })).status).toBe(200);
    const acts = [
      ['/v1/port/create', { port: 4 }],
      ['/v1/capture/start', { port: 3, path: '/tmp/x' }],
      ['/v1/mirror/add', { port: 3, to: 3 }],
      ['/v1/star/endguest', {}],
      ['/v1/switch/shutdown', {}],
    ] as const;
    for (const [path, body] of acts) {
      expect(await ask(port, path, { ...post(body), headers: bearer })).toMatchObject({ status: 403, body: { code: 'EPERM' } });
    }
    const client = new RawClient(port, `GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${bearer['authorization']}\r\n\r\n`);
    await eventually(() => expect(client.text).toContain(': events'));
  });

  it('shows tokens of links to clients that may act alone', async () => {
    const reader = await openHttp({ readOnly: true });
    const link = { address: 'ws://127.0.0.1:0/x?token=verysecret' };
    reader.managed.links?.add(link.address, { plain: false });
    expect(reader.managed.links?.add('ws://127.0.0.1:0/y?tok%65n=verysecret', { plain: false })).toBe('success');
    for (const path of ['/v1/link/list', '/v1/config/show']) {
      const { body } = await ask(reader.port, path, { headers: reader.bearer });
      expect(JSON.stringify(body)).toContain('ws://127.0.0.1:0/x?…');
      expect(JSON.stringify(body)).toContain('ws://127.0.0.1:0/y?…');
      expect(JSON.stringify(body)).not.toContain('verysecret');
    }
    const actor = await openHttp();
    await ask(actor.port, '/v1/link/add', { ...post(link), headers: actor.bearer });
    const { body } = await ask(actor.port, '/v1/link/list', { headers: actor.bearer });
    expect(JSON.stringify(body)).toContain('verysecret');
  });

  it('serves a socket file, too, to its user with the token', async () => {
    const path = join(newDirectory(), 'http');
    const { bearer, name } = await openHttp({ place: { path } });
    expect(name).toBe(path);
    expect((await ask(path, '/v1/port/list')).status).toBe(401);
    expect((await ask(path, '/v1/port/list', { headers: bearer })).status).toBe(200);
    expect((await ask(path, '/v1/port/list', { headers: { ...bearer, host: 'etherloom' } })).status).toBe(200);
    expect((await ask(path, '/v1/port/list', { headers: { ...bearer, host: 'evil.example' } })).status).toBe(403);
  });

  it('keeps to its limits before it knows a client', async () => {
    const { port, bearer } = await openHttp();
    const big = { ...post(' '.repeat(300_000)) };
    expect((await ask(port, '/v1/port/create', { ...big, headers: bearer })).status).toBe(413);
    expect(
      (await ask(port, '/v1/port/create', { ...post({}), headers: { 'x-long': 'x'.repeat(20_000) } }).catch(() => ({ status: 431 })))
        .status,
    ).toBe(431);
    const strangers: RawClient[] = [];
    for (let i = 0; i < 6; i++) {
      strangers.push(...Array.from({ length: 50 }, () => new RawClient(port)));
      await eventually(() => expect(strangers.every(({ socket, closed }) => closed || !socket.connecting)).toBe(true));
    }
    await eventually(() => expect(strangers.filter(({ closed }) => closed).length).toBeGreaterThanOrEqual(300 - 256));
    // Those that have shown no token make room.
    expect((await ask(port, '/v1/port/list', { headers: bearer })).status).toBe(200);
  });

  it('throws where it cannot serve', async () => {
    const { port } = await openHttp();
    await expect(openHttp({ place: { host: '127.0.0.1', address: '127.0.0.1', port } })).rejects.toThrow('cannot listen on 127.0.0.1');
  });
});

describe('a ticket', () => {
  const ticketFor = async (port: number, bearer: Readonly<Record<string, string>>, path: string): Promise<string> => {
    const { body } = await ask(port, '/v1/tickets', { ...post({ path }), headers: bearer });
    expect(body).toMatchObject({ seconds: 10 });
    return (body as { ticket: string }).ticket;
  };

  it('is good once, for one path, with the path own query', async () => {
    const { port, bearer, managed } = await openHttp();
    managed.ports.create(3);
    const ticket = await ticketFor(port, bearer, '/v1/port/list');
    expect(await ask(port, `/v1/port/list?port=3&ticket=${ticket}`)).toMatchObject({ status: 200, body: [{ port: 3 }] });
    expect((await ask(port, `/v1/port/list?port=3&ticket=${ticket}`)).status).toBe(401);
    const other = await ticketFor(port, bearer, '/v1/port/list');
    expect((await ask(port, `/v1/vlan/list?ticket=${other}`)).status).toBe(401);
    // It was used up by the wrong path.
    expect((await ask(port, `/v1/port/list?ticket=${other}`)).status).toBe(401);
  });

  it('does not act, and saves no page of another origin', async () => {
    const { port, bearer } = await openHttp();
    const ticket = await ticketFor(port, bearer, '/v1/port/create');
    expect((await ask(port, `/v1/port/create?ticket=${ticket}`, post({ port: 3 }))).status).toBe(401);
    const another = await ticketFor(port, bearer, '/v1/port/list');
    expect((await ask(port, `/v1/port/list?ticket=${another}`, { headers: { origin: 'http://evil.example' } })).status).toBe(403);
    expect((await ask(port, `/v1/port/list?ticket=${another}`)).status).toBe(200);
  });

  it('is made for a path alone', async () => {
    const { port, bearer } = await openHttp();
    for (const body of [{}, { path: 'http://evil.example/' }, { path: 7 }, { path: '/v1', more: 1 }])
      expect(await ask(port, '/v1/tickets', { ...post(body), headers: bearer })).toMatchObject({ status: 400, body: { code: 'EINVAL' } });
  });

  it('opens the events', async () => {
    const { port, bearer, managed } = await openHttp();
    const ticket = await ticketFor(port, bearer, '/v1/events');
    const reading = await new Promise<string>((resolve, reject) => {
      const asked = request({ port, path: `/v1/events?kind=port&ticket=${ticket}`, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
          if (text === piece) managed.ports.create(3);
          if (text.includes('data: ')) asked.destroy();
        });
        response.on('close', () => resolve(text));
      });
      asked.on('error', reject).end();
    }).catch(String);
    expect(reading).toContain('"port":3');
  });
});
