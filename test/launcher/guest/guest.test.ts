import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Guest, stopGuest } from '../../../src/launcher/guest/guest.ts';
import type { GuestOptions } from '../../../src/launcher/guest/guest-process.ts';
import { guestFilesIn } from '../../../src/launcher/guest/guest-record.ts';
import { identifyProcess } from '../../../src/launcher/guest/process-identity.ts';
import { lockFile } from '../../../src/system/file-lock.ts';
import { formatIpv4 } from '../../../src/wire/ipv4.ts';
import { macFromNumber } from '../../../src/wire/mac.ts';
import { launch } from './launch.ts';
import { guestImage, guestMissing, guestOptions, temporaryDirectory } from './real-guest.ts';

const quiet = { log: (): void => undefined };
const within = (seconds: number): { timeout: number } => ({ timeout: seconds * 1000 });

/** Returns the remains of a guest in its directory and in that of its card. */
const traces = (directory: string): string[] => [...readdirSync(join(directory, 'guest')), ...readdirSync(join(directory, 'nic'))].sort();
const logsOnly = ['console.log', 'qemu.log'];

const asJson = (options: GuestOptions): string => JSON.stringify({ ...options, lock: undefined });

describe.skipIf(guestMissing !== undefined)(`Guest ${guestMissing ?? ''}`, () => {
  let image = '';
  beforeAll(async () => {
    image = await guestImage();
  }, 180_000);

  it('boots without its switch, takes commands, and leaves nothing but its logs', within(60), async () => {
    // Its sockets have paths that are too long for their names.
    const directory = temporaryDirectory('x'.repeat(100));
    const guest = await Guest.open(guestOptions(directory, image), quiet);
    expect(guest.adopted).toBe(false);
    for (const name of readdirSync(guest.console.replace(/\/console$/, ''))) {
      expect(statSync(join(directory, 'guest', name)).mode & 0o077, name).toBe(0);
    }
    expect(statSync(join(directory, 'guest')).mode & 0o777).toBe(0o700);
    await guest.until((state) => state.ready);
    using console = await guest.openConsole();
    expect(await console.run("echo 'two  words'; echo to stderr >&2; (exit 3)")).toEqual({ status: 3, output: 'two  words\nto stderr' });
    expect((await console.run('cat /sys/class/net/eth0/address')).output).toBe('02:65:6c:00:00:07');
    const carrier = async (): Promise<string> => (await console.run('cat /sys/class/net/eth0/carrier')).output;
    for (const on of [false, true]) {
      await guest.setCarrier(on);
      await expect.poll(carrier, { timeout: 10_000 }).toBe(on ? '1' : '0');
    }
    // A command that takes too long is interrupted, and one that waits for the console's input gets none.
    await expect(console.run('cat /dev/zero > /dev/null', { timeout: 300 })).rejects.toMatchObject({ code: 'timed-out' });
    expect(await console.run('cat; if')).toMatchObject({ status: 2 });
    const answers = await Promise.all([console.run('echo 1'), console.run("printf '%s' 2\necho 3")]);
    expect(answers.map(({ output }) => output)).toEqual(['1', '23']);
    await expect(console.run('x'.repeat(5000))).rejects.toMatchObject({ code: 'bad-option' });
    const { pid } = guest;
    await guest[Symbol.asyncDispose]();
    expect(await guest.exited).toMatchObject({ stopped: true });
    expect(identifyProcess(pid)).toBeUndefined();
    expect(traces(directory)).toEqual(logsOnly);
    await expect(console.run('echo')).rejects.toMatchObject({ code: 'refused' });
  });

  it('outlives its launcher, and the next one goes on with it', within(60), async () => {
    const options = guestOptions(temporaryDirectory('x'.repeat(100)), image);
    const first = launch(['open', asJson(options)]);
    const { pid } = await first.answer;
    await first.kill();
    const guest = await Guest.open(options, quiet);
    expect([guest.adopted, guest.pid]).toEqual([true, pid]);
    await guest.until((state) => state.ready);
    guest.release();
    // A third learns from the log what the second has seen; and sees the guest's end though it is not its child.
    const again = await Guest.open(options, quiet);
    expect([again.adopted, again.pid, again.state.ready]).toEqual([true, pid, true]);
    process.kill(again.pid, 'SIGKILL');
    expect(await again.exited).toMatchObject({ stopped: false, lastLines: expect.arrayContaining(['READY']) as string[] });
    await again[Symbol.asyncDispose]();
    expect(traces(join(options.state, '..'))).toEqual(logsOnly);
  });

  it('has one launcher: of two at once one gets it and the other is told that it is busy', within(60), async () => {
    const options = guestOptions(temporaryDirectory(), image);
    const launchers = [launch(['open', asJson(options)]), launch(['open', asJson(options)])];
    const answers = await Promise.all(launchers.map(async ({ answer }) => answer));
    expect(answers.filter(({ code }) => code === 'busy')).toHaveLength(1);
    expect(answers.filter(({ adopted }) => adopted === false)).toHaveLength(1);
    await expect(stopGuest(options.state, lockFile)).rejects.toMatchObject({ code: 'busy' });
    await Promise.all(launchers.map(async (launcher) => launcher.kill()));
    expect(await stopGuest(options.state, lockFile)).toBe(true);
    expect(await stopGuest(options.state, lockFile)).toBe(false);
    expect(traces(join(options.state, '..'))).toEqual(logsOnly);
  });

  it('has one QEMU even when its launcher was killed before it wrote the record', within(60), async () => {
    const options = guestOptions(temporaryDirectory(), image);
    const first = launch(['open', asJson(options)]);
    const { pid } = await first.answer;
    await first.kill();
    const files = guestFilesIn(options.state);
    rmSync(files.record);
    // QEMU itself sees to it ...
    const argv = readFileSync(`/proc/${Number(pid)}/cmdline`, 'utf8')
      .split('\0')
      .slice(0, -1);
    const second = spawnSync(argv[0] ?? '', argv.slice(1));
    expect(second.status).not.toBe(0);
    expect(second.stderr.toString()).toContain('pid');
    // ... and we end the one without a record.
    const guest = await Guest.open(options, quiet);
    expect(guest.adopted).toBe(false);
    expect(identifyProcess(Number(pid))).toBeUndefined();
    await guest[Symbol.asyncDispose]();
  });

  it('is started again when other options ask for it, or when its QEMU does not answer', within(60), async () => {
    const options = guestOptions(temporaryDirectory(), image);
    const first = await Guest.open(options, quiet);
    first.release();
    const told: string[] = [];
    const second = await Guest.open({ ...options, memory: 128 }, { log: (message) => void told.push(message) });
    expect(second.adopted).toBe(false);
    expect(told.join()).toContain('other options');
    expect(identifyProcess(first.pid)).toBeUndefined();
    second.release();
    process.kill(second.pid, 'SIGSTOP');
    const third = await Guest.open({ ...options, memory: 128 }, quiet);
    expect(third.adopted).toBe(false);
    expect(identifyProcess(second.pid)).toBeUndefined();
    process.kill(third.pid, 'SIGSTOP');
    await third[Symbol.asyncDispose]();
    expect(identifyProcess(third.pid)).toBeUndefined();
  });

  it('that dies is reported with its last lines', within(60), async () => {
    const directory = temporaryDirectory();
    const guest = await Guest.open(guestOptions(directory, image), quiet);
    await guest.until((state) => state.ready);
    using console = await guest.openConsole();
    const dying = console.run('echo c > /proc/sysrq-trigger');
    await expect(dying).rejects.toMatchObject({ code: 'refused' });
    const exit = await guest.exited;
    expect(exit).toMatchObject({ stopped: false, reason: 'its kernel panicked: sysrq triggered crash' });
    expect(exit.lastLines.join('\n')).toContain('Kernel panic');
    expect(traces(directory)).toEqual(logsOnly);
    await expect(guest.until((state) => !state.booted)).rejects.toThrow('Kernel panic');
    await guest[Symbol.asyncDispose]();
  });

  it('serves addresses to another guest, without any switch between the two', within(90), async () => {
    const [a, b] = [temporaryDirectory(), temporaryDirectory()];
    const words = { g_address: '10.9.0.1', g_netmask: '255.255.255.0', g_start: '10.9.0.10', g_end: '10.9.0.20', g_mtu: '9000' };
    const [cardA, cardB] = [join(a, 'nic', 'q'), join(b, 'nic', 'q')];
    const attach = 'dgram' as const;
    const serving = { ...guestOptions(a, image), attach, nic: { local: cardA, remote: cardB }, mode: 'server' as const, extraWords: words };
    const asking = {
      ...guestOptions(b, image),
      attach,
      id: 8,
      mac: macFromNumber(0x02_65_6c_00_00_08),
      nic: { local: cardB, remote: cardA },
    };
    const [server, client] = await Promise.all([Guest.open(serving, quiet), Guest.open(asking, quiet)]);
    const { address } = await client.until((state) => state.address !== undefined);
    expect(address === undefined ? '' : formatIpv4(address)).toMatch(/^10\.9\.0\.(1\d|20)$/);
    await client.until((state) => state.ready);
    using console = await client.openConsole();
    expect((await console.run('ping -c 1 -W 5 10.9.0.1')).status).toBe(0);
    expect((await console.run('cat /sys/class/net/eth0/mtu')).output).toBe('9000');
    await Promise.all([server[Symbol.asyncDispose](), client[Symbol.asyncDispose]()]);
  });

  it('begins its console log anew when it has grown large', within(60), async () => {
    const options = guestOptions(temporaryDirectory(), image);
    const first = await Guest.open(options, quiet);
    await first[Symbol.asyncDispose]();
    const { consoleLog } = guestFilesIn(options.state);
    writeFileSync(consoleLog, 'READY\n'.repeat(200_000));
    const guest = await Guest.open(options, quiet);
    expect(statSync(consoleLog).size).toBeLessThan(1000);
    expect(guest.state.ready).toBe(false);
    await guest.until((state) => state.ready);
    // Also in the middle of its life; a later launcher still knows the guest.
    appendFileSync(consoleLog, 'noise\n'.repeat(200_000));
    await expect.poll(() => readFileSync(consoleLog, 'utf8'), { timeout: 10_000 }).toBe('BOOT\nREADY\n');
    using console = await guest.openConsole();
    await console.run('echo LEASE 10.9.0.1 > /dev/console');
    await guest.until((state) => state.address !== undefined);
    guest.release();
    const later = await Guest.open(options, quiet);
    expect(later.state).toEqual(guest.state);
    expect(later.adopted).toBe(true);
    await later[Symbol.asyncDispose]();
  });

  it('that cannot be started says why and leaves nothing', within(60), async () => {
    const directory = temporaryDirectory();
    const options = guestOptions(directory, image);
    const opening = async (changes: Partial<GuestOptions>): Promise<Guest> => Guest.open({ ...options, ...changes }, quiet);
    await expect(opening({ image: join(directory, 'none') })).rejects.toThrow(/etherloom guest build/);
    await expect(opening({ qemu: join(directory, 'none') })).rejects.toMatchObject({ code: 'missing-peer' });
    await expect(opening({ extraWords: { g_x: 'two words' } })).rejects.toMatchObject({ code: 'bad-option' });
    await expect(opening({ attach: 'vde' })).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('vde') as string });
    const long = join(directory, 'x'.repeat(100));
    await expect(opening({ attach: 'vde', vdeDirectory: long })).rejects.toMatchObject({
      code: 'path-too-long',
      message: expect.stringMatching(/cannot connect to .*ctl with -netdev vde: it has \d+ octets.* --sock/) as string,
    });
    const tooLong = join(long, 'y'.repeat(100));
    await expect(opening({ nic: { local: tooLong, remote: tooLong } })).rejects.toMatchObject({ code: 'path-too-long' });
    expect(readdirSync(options.state).filter((name) => !logsOnly.includes(name))).toEqual([]);
    expect(existsSync(options.nic.local)).toBe(false);
    // The lock was given back each time.
    expect(await stopGuest(options.state, lockFile)).toBe(false);
  });

  it('is not started when it is called off', within(60), async () => {
    const options = guestOptions(temporaryDirectory(), image);
    const reason = new Error('enough');
    const controller = new AbortController();
    const opening = Guest.open(options, { ...quiet, signal: controller.signal });
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    expect(await stopGuest(options.state, lockFile)).toBe(false);
  });
});
