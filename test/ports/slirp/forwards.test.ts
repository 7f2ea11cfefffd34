import { describe, expect, it } from 'vitest';
import { checkForwards } from '../../../src/ports/slirp/forwards.ts';
import type { PortForward } from '../../../src/ports/slirp/slirp-address.ts';
import { ip } from './slirp-peer.ts';

const forward = (host: string | undefined, protocol: PortForward['protocol'] = 'tcp'): PortForward => ({
  protocol,
  host: host === undefined ? undefined : ip(host),
  port: 61_234,
  guest: ip('10.77.0.11'),
  guestPort: 22,
});

describe('forwards of one port', () => {
  it.each([
    [forward('127.0.0.1'), forward('127.0.0.1')],
    [forward(undefined), forward('127.0.0.1')],
    [forward('127.0.0.1'), forward(undefined)],
    [forward(undefined, 'udp'), forward(undefined, 'udp')],
  ])('are refused where libslirp would leave out one: %#', async (one, other) => {
    await expect(checkForwards([one, other])).rejects.toThrow(
      /^cannot forward \S+:61234: another forward has that port; give each forward a /,
    );
  });

  it('are accepted where they differ in the protocol or the address', async () => {
    await checkForwards([forward('127.0.0.1'), forward('127.0.0.2'), forward('127.0.0.1', 'udp')]);
  });
});
