import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bin, freePort, useStage } from './stage.ts';

describe('a slave whose master is not where it asks', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  /** Returns the output of a slave that dials that port, until it would try again. */
  const saidBySlave = async (port: number): Promise<string> => {
    const own = ['--sock', stage.path('s'), '--state', stage.path('s.state')];
    const slave = stage.start([bin('etherloom'), 'slave', '--master', `127.0.0.1:${port - 1}`, '--control', String(port), ...own]);
    const [line] = await slave.line(/no master at control port .*trying again/);
    expect(await slave.end()).toEqual({ status: 0, signal: null });
    return line;
  };

  const answering = async (text: string): Promise<number> => {
    const server: Server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(text);
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  };

  it('says that nothing listens there', async () => {
    expect(await saidBySlave(await freePort())).toMatch(/connection refused \(ECONNREFUSED\); start the master, or check --master: /);
  });

  it('says what another program sent', async () => {
    expect(await saidBySlave(await answering('SSH-2.0-OpenSSH_9.2\r\n'))).toMatch(
      /it sent .*SSH-2\.0-OpenSSH_9\.2.*not the control protocol; check --master: /,
    );
    expect(await saidBySlave(await answering('HTTP/1.1 400 Bad Request\r\n\r\n'))).toMatch(/it sent .*HTTP\/1\.1 400 Bad Request/);
  });

  it('says that it is a link port, or that nothing was received', async () => {
    const port = await freePort();
    const master = ['master', '--listen', '127.0.0.1:0', '--subnet', '10.77.0.0/24', '--slave-port', `1=${port}`];
    await stage.etherloom(...master, '--sock', stage.path('m'), '--state', stage.path('m.state'));
    // Frames for all come out of a link port: a station's DISCOVER at the latest.
    const station = stage.start([bin('etherloom'), 'station', '--sock', stage.path('m'), '--id', '7']);
    const said = saidBySlave(port);
    await station.line(/ready/);
    expect(await said).toMatch(/(it sends frames, as on a plain link|nothing was received for 5 s|the far end|closed).*check --master: /);
  });
});
