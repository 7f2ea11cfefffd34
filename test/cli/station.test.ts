import { describe, expect, it } from 'vitest';
import { bin, useStage } from '../e2e/stage.ts';

describe('etherloom station', () => {
  const stage = useStage([]);
  const master = (): string[] => stage.masterWords();
  const station = (id: number, ...more: string[]): string[] => ['station', '--sock', stage.path('m'), '--id', String(id), ...more];

  it('two of them at a master get leases and ping each other, and go on with both when the master is killed and comes back', async () => {
    const first = await stage.etherloom(...master());
    const a = await stage.etherloom(...station(0));
    const { address } = await a.logged({ event: 'guest', id: 0, mac: '02:65:6c:00:00:00', state: 'ready' });
    expect(address).toBe('10.77.0.10');
    const b = await stage.etherloom(...station(1, '--ping', '10.77.0.10'));
    const lease = await b.logged({ event: 'guest', id: 1, state: 'ready' });
    expect((await b.logged({ event: 'ping', peer: '10.77.0.10' }))['milliseconds']).toBeGreaterThan(0);

    const [aSaid, bSaid] = [a.lines.length, b.lines.length];
    await first.end('SIGKILL');
    await b.logged({ event: 'guest', state: 'unlinked' }, { from: bSaid });
    const second = await stage.etherloom(...master());
    await a.logged({ event: 'guest', state: 'ready', address: '10.77.0.10' }, { from: aSaid });
    await b.logged({ event: 'guest', state: 'ready', address: lease['address'] }, { from: bSaid });
    const again = b.lines.length;
    await b.logged({ event: 'ping', peer: '10.77.0.10' }, { from: again });
    expect(second.lines.filter((line) => line.includes('lease-bound'))).toEqual([]);
    for (const running of [a, b, second]) expect(await running.end()).toEqual({ status: 0, signal: null });
  });

  it.each([
    [[], /neither --mac nor --id is given; give one of them/],
    [['--id', '1', '--mac', '02:00:00:00:00:01'], /exclude each other/],
    [['--mac', '02:00'], /--mac 02:00 is not a MAC address/],
    [['--id', '1', '--ping', 'example.org'], /is not an IPv4 address/],
    [['--id', '1'], /ENOENT/],
  ])('with %j and no switch ends with one clear line', async (args, words) => {
    const { status, text } = await stage.run([bin('etherloom'), 'station', '--sock', stage.path('none'), ...args]);
    expect([status, text]).toEqual([1, expect.stringMatching(words)]);
    expect(text).not.toContain('\n');
  });
});
