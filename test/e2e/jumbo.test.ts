import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { vdeFraming } from '../../src/ports/pure/frame-stream.ts';
import { decodeEthernet, encodeEthernet } from '../../src/wire/ethernet.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { encodeFrames } from '../ports/stream-stage.ts';
import { guestNeeds } from './peers.ts';
import { Plug } from './plug.ts';
import { freePort, until, useStage } from './stage.ts';
import { leaseOf, Star } from './star.ts';

describe('a star whose segment has a large MTU', { timeout: 120_000 }, () => {
  const stage = useStage(guestNeeds);

  /** Datagrams that a guest took apart or put together. */
  const fragments =
    'sed -n "s/^Ip: //p" /proc/net/snmp | awk \'NR == 1 { split($0, name) } NR == 2 { split($0, n); for (i in name) if (name[i] ~ /^(FragCreates|ReasmReqds)$/) sum += n[i]; print sum }\'';

  it.each([
    [8100, 'dgram', 8000],
    [65_521, 'stream-server', 65_493],
  ])(
    'of %i octets, its guests attached by %s, tells them, and carries pings of %i octets whole from guest to guest',
    async (mtu, attach, size) => {
      const star = await Star.prepare(stage, { guests: true });
      const master = await star.master('--mtu', String(mtu), '--attach', attach);
      const slave = await star.slave('s1', '--attach', attach);
      const addresses = await Promise.all([leaseOf(master), leaseOf(slave)]);
      expect(master.lines.join('\n')).toContain(`-netdev ${attach.split('-')[0] ?? ''}`);
      for (const [node, peer] of [
        ['m', addresses[1]],
        ['s1', addresses[0]],
      ] as const) {
        using console = await star.console(node);
        expect((await console.run('cat /sys/class/net/eth0/mtu')).output).toBe(String(mtu));
        // A packet that fits the MTU leaves with DF set; a longer one would be fragmented here, and counted.
        const { status, output } = await console.run(`ping -c 3 -W 5 -s ${size} ${peer}`);
        expect(output).toContain('3 packets received');
        expect(status).toBe(0);
      }
      for (const node of ['m', 's1']) {
        using console = await star.console(node);
        expect((await console.run(fragments)).output).toBe('0');
      }
    },
  );

  it('says what is wrong with an MTU, and what ports do not carry it', async () => {
    const star = await Star.prepare(stage);
    await expect(star.master('--mtu', '67')).rejects.toThrow('It must be a number from 68 to 65521');
    await expect(star.master('--mtu', '9000', '--link-mtu', '1500')).rejects.toThrow(
      'is more than links carry; raise --link-mtu, or lower --mtu',
    );
    const master = await star.master('--mtu', '20000');
    expect(master.lines.join('\n')).toContain('an MTU of 20000 is for guests by stream and for links');
  });
});

describe('a link to an original far end', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_plug', 'dpipe', 'nc']);

  it('carries what vde_plug takes, whole, and nothing that it would lose its place over', async () => {
    const port = await freePort();
    const ours = await stage.etherloom('switch', '--sock', stage.path('a'), '--port', `tcp-listen://127.0.0.1:${port}`);
    await stage.vdeSwitch('-s', stage.path('b'), '--nostdin');
    stage.start(['dpipe', 'vde_plug', stage.path('b'), '=', 'nc', '127.0.0.1', String(port)], { group: true });
    await ours.line(/port 1: tcp/);
    const kin = connect(port, '127.0.0.1');
    await ours.line(/port 2: tcp/);
    const plug = new Plug(stage, stage.path('b'));
    const isOurs = (frame: Uint8Array): boolean => decodeEthernet(frame)?.etherType === 0x88b5;
    await until('the plug is in', () => {
      plug.send(frameOf(100));
      return kin.readableLength > vdeFraming.greeting.length;
    });
    kin.write(Buffer.concat([vdeFraming.greeting, encodeFrames([frameOf(20_000), frameOf(9235), frameOf(9234), frameOf(60)])]));
    await plug.hears('the last frame', (frame) => isOurs(frame) && frame.length === 60);
    expect(plug.heard.filter(({ frame }) => isOurs(frame)).map(({ frame }) => Buffer.compare(frame, frameOf(frame.length)))).toEqual([
      0, 0,
    ]);
    kin.destroy();
  });

  /** Returns a broadcast of so many octets. */
  function frameOf(size: number): Uint8Array {
    const payload = new Uint8Array(size - 14).map((_, at) => (at * 7 + size) % 251);
    return encodeEthernet({ destination: broadcastMac, source: macFromNumber(0x0200_0000_00aa), etherType: 0x88b5, payload });
  }
});
