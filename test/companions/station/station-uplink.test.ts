import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { quietLog } from '../../../src/log.ts';
import { realClock } from '../../../src/clock.ts';
import { VdeClient } from '../../../src/ports/vde/vde-client.ts';
import { breathes } from '../../plane/conformance.ts';
import { SwitchService } from '../../../src/daemon/switch-service.ts';
import { StationUplink } from '../../../src/companions/station/station-uplink.ts';
import { realRandom } from '../../../src/random.ts';
import { encodeEthernet } from '../../../src/wire/ethernet.ts';
import { broadcastMac, macFromNumber } from '../../../src/wire/mac.ts';

const environment = { clock: realClock, random: realRandom, log: quietLog };

breathes("a station's link", async () => {
  const directory = mkdtempSync(join(tmpdir(), 'el-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const service = await SwitchService.open({ directory: join(directory, 's') }, environment);
  onTestFinished(() => service[Symbol.asyncDispose]());
  const { link } = await linkTo(join(directory, 's'));
  const flush = vi.spyOn(VdeClient.prototype, 'flush');
  onTestFinished(() => flush.mockRestore());
  let failed = 0;
  return {
    breath: link.breath,
    send: (frame) => link.send(frame),
    flushes: () => [flush.mock.calls.length - failed],
    fail: (error) => {
      failed++;
      flush.mockImplementationOnce(() => {
        throw error;
      });
    },
  };
});

/** Returns a link whose frames and carrier are waited for. */
async function linkTo(directory: string): Promise<{ link: StationUplink; next: (what: string) => Promise<void> }> {
  const waiting = new Map<string, () => void>();
  const told = (what: string): void => waiting.get(what)?.();
  const next = (what: string): Promise<void> => new Promise((resolve) => waiting.set(what, resolve));
  const link = await StationUplink.open(
    { directory, description: 'test', receive: (frame) => told(`frame of ${frame.length}`), carrier: (up) => told(up ? 'up' : 'down') },
    { ...environment, poison: true },
  );
  onTestFinished(() => link[Symbol.asyncDispose]());
  return { link, next };
}

function frameOf(length: number): Uint8Array {
  const payload = new Uint8Array(length - 14);
  return encodeEthernet({ destination: broadcastMac, source: macFromNumber(0x0200_0000_0001), etherType: 0x88b5, payload });
}

describe("a station's link", () => {
  it('carries frames, and again when its switch was gone and has come back', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'el-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const sock = join(directory, 's');
    const openSwitch = (): Promise<SwitchService> => SwitchService.open({ directory: sock }, environment);
    const first = await openSwitch();
    const a = await linkTo(sock);
    const b = await linkTo(sock);
    const heard = b.next('frame of 60');
    a.link.send(frameOf(60));
    await heard;

    const down = [a.next('down'), b.next('down')];
    const up = [a.next('up'), b.next('up')];
    await first[Symbol.asyncDispose]();
    await Promise.all(down);
    a.link.send(frameOf(62));
    const second = await openSwitch();
    onTestFinished(() => second[Symbol.asyncDispose]());
    await Promise.all(up);
    const heardAgain = b.next('frame of 64');
    a.link.send(frameOf(64));
    await heardAgain;
  });

  it('is refused at first when there is no switch', async () => {
    await expect(linkTo('/nonexistent/switch')).rejects.toMatchObject({ name: 'EtherloomError', code: 'system' });
  });

  it('dials no more once it is disposed, and ends with the switch away', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'el-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const first = await SwitchService.open({ directory: join(directory, 's') }, environment);
    const { link, next } = await linkTo(join(directory, 's'));
    const down = next('down');
    await first[Symbol.asyncDispose]();
    await down;
    await link[Symbol.asyncDispose]();
    link.send(frameOf(60));
  });
});
