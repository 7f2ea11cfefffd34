import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newToken } from '../../src/http/token.ts';
import { realRandom } from '../../src/random.ts';
import { ask, openApi, openHttp, RawClient } from './api-stage.ts';
import { eventually } from '../eventually.ts';
import { newDirectory } from '../ports/rig.ts';
import { readMetrics } from './metrics-reader.ts';

interface Scrape {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

async function scrape(port: number, token?: string, path = '/metrics'): Promise<Scrape> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

describe('/metrics', () => {
  it("has what `metrics.show` has, as Prometheus' text", async () => {
    const { port, token, bearer, managed } = await openHttp();
    managed.ports.create(3);
    const { status, type, text } = await scrape(port, token);
    expect({ status, type }).toEqual({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' });
    const shown = (await ask(port, '/v1/metrics/show', { headers: bearer })).body as ReturnType<typeof readMetrics>;
    const keys = (samples: typeof shown): string[] => samples.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`).sort();
    // The lag of the loop is known a second after the first request.
    const late = (key: string): boolean => !key.startsWith('etherloom_loop_lag_seconds');
    expect(keys(readMetrics(text)).filter(late)).toEqual(keys(shown).filter(late));
    expect(text).toContain('\netherloom_port_up{port="3"} 0\n');
  });

  it("is at the service's own socket, too", async () => {
    const { path } = await openApi();
    const client = new RawClient(path, 'GET /metrics HTTP/1.1\r\nHost: etherloom\r\n\r\n');
    await eventually(() => expect(client.closed).toBe(true));
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(client.text).toContain('\n# TYPE etherloom_stations gauge\n');
  });

  it('is shown to the token of metrics, which is good for nothing else', async () => {
    const metricsToken = newToken(realRandom);
    const { port, token, managed } = await openHttp({ metricsToken });
    expect((await scrape(port, metricsToken)).status).toBe(200);
    expect((await scrape(port, token)).status).toBe(200);
    const headers = { authorization: `Bearer ${metricsToken}` };
    for (const path of [
      '/',
      '/v1',
      '/v1/port/list',
      '/v1/metrics/show',
      '/v1/events',
      '/metrics/',
      '/v1/../v1/port/list',
      '//metrics',
      '/metricsx',
    ])
      expect((await ask(port, path, { headers })).status, path).toBe(401);
    const acts = [
      ['/metrics', {}],
      ['/v1/port/create', { port: 7 }],
      ['/v1/tickets', { path: '/v1/events' }],
      ['/v1/tickets', { path: '/metrics' }],
    ] as const;
    for (const [path, body] of acts) expect((await ask(port, path, { method: 'POST', body, headers })).status, path).toBe(401);
    expect(managed.ports.get(7)).toBeUndefined();
  });

  it('leaves a place for the operator, also if 256 clients with the token of metrics do not read', async () => {
    const metricsToken = newToken(realRandom);
    const path = join(newDirectory(), 'http');
    const { bearer, managed } = await openHttp({ place: { path }, metricsToken });
    // More than the kernel holds for a client that does not read.
    for (let port = 1; port < 1000; port++) managed.ports.create(port);
    for (let i = 0; i < 256; i++) {
      const socket = connect(path).on('error', () => undefined);
      onTestFinished(() => void socket.destroy());
      socket.write(`GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${metricsToken}\r\n\r\n`);
      await once(socket, 'readable');
    }
    expect((await ask(path, '/v1/switch/showinfo', { headers: bearer })).status).toBe(200);
  });

  it('is shown to none but these', async () => {
    const { port } = await openHttp({ metricsToken: newToken(realRandom) });
    for (const token of [undefined, '', 'undefined', newToken(realRandom)]) expect((await scrape(port, token)).status).toBe(401);
    const without = await openHttp();
    for (const token of [undefined, 'undefined', newToken(realRandom)]) expect((await scrape(without.port, token)).status).toBe(401);
  });

  it('is refused to pages of other servers and under foreign names, with the token too', async () => {
    const metricsToken = newToken(realRandom);
    const { port } = await openHttp({ metricsToken });
    const headers = { authorization: `Bearer ${metricsToken}` };
    expect((await ask(port, '/metrics', { headers: { ...headers, origin: 'http://evil.example' } })).status).toBe(403);
    expect((await ask(port, '/metrics', { headers: { ...headers, host: 'evil.example' } })).status).toBe(403);
  });

  it('is shown by a server that only reads, and by a ticket', async () => {
    const { port, token, bearer } = await openHttp({ readOnly: true });
    expect((await scrape(port, token)).status).toBe(200);
    const { body } = await ask(port, '/v1/tickets', { method: 'POST', body: { path: '/metrics' }, headers: bearer });
    expect((await scrape(port, undefined, `/metrics?ticket=${(body as { ticket: string }).ticket}`)).status).toBe(200);
  });
});
