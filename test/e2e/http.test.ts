import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ask } from '../http/api-stage.ts';
import type { Running } from './running.ts';
import { bin, useStage } from './stage.ts';
import { Terminal } from './terminal.ts';

/** Returns the TCP port that a service with `--http` has printed. */
async function portOf(service: Running): Promise<number> {
  return Number((await service.line(/^http 127\.0\.0\.1:(\d+)$/))[1]);
}

describe('--http', () => {
  const stage = useStage([]);
  const ofSwitch = (): string[] => ['switch', '--sock', stage.path('s')];

  it('serves a client with the token of its file, which it makes, and takes again', async () => {
    const file = stage.path('token');
    const words = [...ofSwitch(), '--http', '127.0.0.1:0', '--http-token-file', file];
    let token = '';
    for (let start = 0; start < 2; start++) {
      const service = await stage.etherloom(...words);
      const port = await portOf(service);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const read = readFileSync(file, 'utf8').trim();
      if (start === 1) expect(read).toBe(token);
      token = read;
      expect(token).toMatch(/^[\w-]{22}$/);
      expect((await ask(port, '/v1/port/list')).status).toBe(401);
      const headers = { authorization: `Bearer ${token}` };
      expect(await ask(port, '/v1/port/create', { method: 'POST', body: { port: 3 }, headers })).toMatchObject({ status: 200, body: 3 });
      service.signal('SIGTERM');
      await service.exit;
      expect(service.lines.join('\n')).not.toContain(token);
    }
  });

  it('prints the token on a terminal, once, in a command that asks the server', async () => {
    const terminal = new Terminal(stage, bin('etherloom'), ...ofSwitch(), '--http', '127.0.0.1:0');
    await terminal.shows(/ready/);
    const [, token = '', port, path = ''] =
      /ask it by: curl -H 'Authorization: Bearer ([\w-]{22})' http:\/\/127\.0\.0\.1:(\d+)(\/v1\/\S+)\s/.exec(terminal.text) ?? [];
    expect((await ask(Number(port), path, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    expect(terminal.text.split(token)).toHaveLength(2);
    terminal.running.signal('SIGTERM');
    await terminal.running.exit;
  });

  it('serves a master, at a socket file, too', async () => {
    const [path, file] = [stage.path('http'), stage.path('token')];
    await stage.etherloom(...stage.masterWords(), '--http', path, '--http-token-file', file, '--http-read-only');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const headers = { authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` };
    expect(await ask(path, '/v1/group/show', { headers })).toMatchObject({ status: 200, body: { role: 'master' } });
    expect((await ask(path, '/v1/token/new', { method: 'POST', headers })).status).toBe(403);
    expect((await ask(path, '/v1/group/show')).status).toBe(401);
  });

  it.each([
    ['without a place for the token', ['--http', '127.0.0.1:0'], /terminal alone.*--http-token-file/],
    ['beyond this machine', ['--http', '0.0.0.0:0', '--http-token-file', 'FILE'], /cannot serve HTTP at 0\.0\.0\.0.*ssh -L.*--http-plain/],
    ['at an address that is none', ['--http', 'here', '--http-token-file', 'FILE'], /here is not HOST:PORT/],
    ['without an address', ['--http-read-only'], /--http-read-only has no effect without --http/],
    ['where it may not listen', ['--http', 'DIRECTORY/none/http', '--http-token-file', 'FILE'], /cannot open the directory .*none/],
  ])('is refused %s', async (_, options, message) => {
    const words = options.map((word) => word.replace('FILE', stage.path('token')).replace('DIRECTORY', stage.path()));
    const { status, text } = await stage.run([bin('etherloom'), ...ofSwitch(), ...words]);
    expect(status).toBe(1);
    expect(text).toMatch(message);
  });

  it('takes no token that others may read, and none that can be guessed', async () => {
    const file = stage.path('token');
    const words = [bin('etherloom'), ...ofSwitch(), '--http', '127.0.0.1:0', '--http-token-file', file];
    writeFileSync(file, `${'A'.repeat(22)}\n`, { mode: 0o644 });
    expect((await stage.run(words)).text).toMatch(/others may read or write it; remove it, or run: chmod 600/);
    writeFileSync(file, 'secret\n');
    chmodSync(file, 0o600);
    expect((await stage.run(words)).text).toMatch(/has no token of 22 to 256/);
  });

  it('warns beyond this machine, where the user wants it', async () => {
    const service = await stage.etherloom(...ofSwitch(), '--http', '0.0.0.0:0', '--http-plain', '--http-token-file', stage.path('token'));
    expect(service.lines.join('\n')).toMatch(/HTTP at 0\.0\.0\.0 is not encrypted/);
  });
});
