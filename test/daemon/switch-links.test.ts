import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { freePort } from '../e2e/stage.ts';
import type { Port } from '../../src/ports/pure/port.ts';
import { Collector, descriptors, Rig } from '../ports/rig.ts';
import { connect } from '../ports/vde-stage.ts';
import { testFrame } from '../switch/test-switch.ts';
import { ConsoleClient, manage } from './managed-stage.ts';

/** Waits until `link/print` is so. */
async function untilLinks(client: ConsoleClient, pattern: RegExp): Promise<void> {
  await eventually(async () => expect(await client.say('link/print')).toMatch(pattern));
}

/** Returns a client of the switch in that directory, and what it hears. */
async function plug(rig: Rig, directory: string): Promise<{ readonly port: Port; readonly collector: Collector }> {
  const port = (await connect(directory)).port(rig);
  const collector = new Collector();
  port.attach(collector);
  return { port, collector };
}

describe('a port that dials', () => {
  it('is impaired from the beginning where that is asked for, which the console tells, changes and ends', async () => {
    const { path, service } = await manage({}, { ports: [`tcp://127.0.0.1:${await freePort()}`], impair: { loss: 5 } });
    const client = await ConsoleClient.open(path);
    expect(await client.say('port/impair 1')).toMatch(/^Port 0001 loss 5$/m);
    expect(service.plane.describe(1)).toMatch(/\(impaired\)$/);
    expect(await client.say('port/impair 1 off')).toMatch(/^Port 0001 off$/m);
    expect(service.plane.describe(1)).not.toContain('impaired');
  });
});

describe('a link that a console opens', () => {
  it('joins two switches, until it is ended', async () => {
    const [here, there] = [await manage(), await manage()];
    const [one, other] = [await ConsoleClient.open(here.path), await ConsoleClient.open(there.path)];
    const address = `127.0.0.1:${await freePort()}`;
    expect(await one.say(`link/add tcp-listen://${address}`)).toBe('1000 Success\n');
    await untilLinks(one, new RegExp(`^Link 1 tcp-listen://${address} listening$`, 'm'));
    expect(await other.say(`link/add tcp://${address}`)).toBe('1000 Success\n');
    await untilLinks(other, new RegExp(`^Link 1 tcp://${address} up, port 1$`, 'm'));
    expect(await other.say(`link/add tcp://${address}`)).toBe('1017 File exists\n');
    const rig = new Rig();
    const [sender, receiver] = [await plug(rig, here.service.directory), await plug(rig, there.service.directory)];
    const frame = testFrame({ from: 1 });
    rig.send(sender.port, frame);
    await receiver.collector.count(1);
    expect(receiver.collector.frames).toEqual([frame]);
    expect(await other.say('link/del 1')).toBe('1000 Success\n');
    expect(await other.say('link/del 1')).toBe('1002 No such file or directory\n');
    await eventually(() => expect(there.service.plane.ports.at(1)).toEqual([]));
    await eventually(() => expect(here.service.plane.ports.at(1)).toEqual([]));
    expect(await one.say('link/del 1')).toBe('1000 Success\n');
    await other.say(`link/add tcp://${address}`);
    await untilLinks(other, /^Link 2 .* down, port \d+$/m);
  });

  it('is down at the other end while one of its ports is', async () => {
    const [here, there] = [await manage(), await manage()];
    const [one, other] = [await ConsoleClient.open(here.path), await ConsoleClient.open(there.path)];
    const address = `127.0.0.1:${await freePort()}`;
    await one.say(`link/add tcp-listen://${address}`);
    await untilLinks(one, /listening$/m);
    await other.say(`link/add tcp://${address}`);
    await untilLinks(other, /up, port 1$/m);
    await one.say('port/down 1');
    await untilLinks(other, /down, port 1$/m);
    expect(there.service.plane.switch.port(1)?.up).toBe(false);
    expect(there.logged.some((line) => line.includes('the port at the far end is down'))).toBe(true);
    await other.say('port/down 1');
    await one.say('port/up 1');
    await other.say('port/up 1');
    await untilLinks(other, /up, port 1$/m);
    await eventually(() => expect(here.service.plane.switch.port(1)?.up).toBe(true));
  });

  it('is closed by port/epclose, and says so', async () => {
    const { path } = await manage();
    const client = await ConsoleClient.open(path);
    await client.say(`link/add tcp://127.0.0.1:${await freePort()}`);
    await untilLinks(client, /^Link 1 .* down, port 1$/m);
    const [, id = ''] = /endpoint ID (\d+)/.exec(await client.say('port/print 1')) ?? [];
    expect(await client.say(`port/epclose 1 ${Number(id)}`)).toBe('1000 Success\n');
    await untilLinks(client, /^Link 1 .* closed$/m);
    expect(await client.say('link/del 1')).toBe('1000 Success\n');
  });

  it('that cannot be opened says why, in the list', async () => {
    const [first, second] = [await manage(), await manage()];
    const [one, other] = [await ConsoleClient.open(first.path), await ConsoleClient.open(second.path)];
    const address = `127.0.0.1:${await freePort()}`;
    await one.say(`link/add tcp-listen://${address}`);
    await untilLinks(one, /listening/);
    expect(await other.say(`link/add tcp-listen://${address}`)).toBe('1000 Success\n');
    await untilLinks(other, /^Link 1 .* failed: .*EADDRINUSE/m);
    expect(second.logged.at(-1)).toContain('EADDRINUSE');
    expect(await other.say('link/del 1')).toBe('1000 Success\n');
    expect(await other.say('link/print')).toBe("0000 DATA END WITH '.'\n.\n1000 Success\n");
  });

  it('that finds no port free is none: nobody dials', async () => {
    const [here, there] = [await manage({}, { numports: 1 }), await manage()];
    const [one, other] = [await ConsoleClient.open(here.path), await ConsoleClient.open(there.path)];
    const address = `127.0.0.1:${await freePort()}`;
    expect(await other.say(`link/add tcp-listen://${address}`)).toBe('1000 Success\n');
    await untilLinks(other, /listening/);
    const before = descriptors();
    for (let id = 1; id <= 5; id++) {
      await one.say(`link/add tcp://${address}`);
      await untilLinks(one, new RegExp(`^Link ${id} .* failed`, 'm'));
    }
    expect(await one.say('link/print')).not.toContain('Link 4');
    await eventually(() => expect(descriptors()).toBeLessThanOrEqual(before));
  });

  it('leaves this machine only when that is said, and is none without an address', async () => {
    const { path, service } = await manage();
    const client = await ConsoleClient.open(path);
    for (const address of [
      'tcp://192.0.2.1:7000',
      `tcp-listen://0.0.0.0:${await freePort()}`,
      'tcp://[2001:db8::1]:7000',
      'qemu-stream://192.0.2.1:7',
      'ws://0.0.0.0:7',
    ])
      expect(await client.say(`link/add ${address}`), address).toBe('1001 Operation not permitted\n');
    for (const address of [
      '',
      'tcp://',
      'tcp://127.0.0.1',
      'tcp://127.0.0.1:70000',
      'foo://127.0.0.1:7',
      'tcp://127.0.0.1:7 plane',
      'tcp://192.0.2.1:7000?plain=no',
      'qemu:///a',
      'ws://127.0.0.1:7?x=y',
      'tap://a b',
    ])
      expect(await client.say(`link/add ${address}`), address).toBe('1022 Invalid argument\n');
    expect(await client.say('link/print')).toBe("0000 DATA END WITH '.'\n.\n1000 Success\n");
    expect(await client.say('link/add tcp://192.0.2.1:7000 plain')).toBe('1000 Success\n');
    await untilLinks(client, /^Link 1 tcp:\/\/192\.0\.2\.1:7000 down, port 1$/m);
    expect(await client.say('link/add qemu-stream://192.0.2.1:7000?plain=yes')).toBe('1000 Success\n');
    await untilLinks(client, /^Link 2 qemu-stream:\/\/192\.0\.2\.1:7000\?plain=yes down, port 2$/m);
    expect(service.plane.ports.at(1)?.length).toBe(1);
    const saved = await client.say('config/show');
    expect(saved).toContain('\nlink/add tcp://192.0.2.1:7000 plain\nlink/add qemu-stream://192.0.2.1:7000?plain=yes\n');
  });

  it('may be of any kind that --port opens, and ends with its port', async () => {
    const [here, there] = [await manage(), await manage()];
    const client = await ConsoleClient.open(here.path);
    const directory = here.service.directory;
    const addresses = [
      `vde://${there.service.directory}`,
      `qemu-stream://${directory}/nic`,
      `qemu-stream-listen://${directory}/door`,
      `qemu://${directory}/ours,${directory}/qemus`,
      `ws://127.0.0.1:${await freePort()}/frames?token=correct-horse`,
    ];
    for (const address of addresses) expect(await client.say(`link/add ${address}`), address).toBe('1000 Success\n');
    await untilLinks(
      client,
      /^Link 1 vde:.* up, port \d\nLink 2 .* down, port \d\nLink 3 .* listening\nLink 4 .* port \d\nLink 5 .* listening\n\.$/m,
    );
    const rig = new Rig();
    const [sender, receiver] = [await plug(rig, directory), await plug(rig, there.service.directory)];
    const frame = testFrame({ from: 1 });
    rig.send(sender.port, frame);
    await receiver.collector.count(1);
    expect(receiver.collector.frames).toEqual([frame]);
    for (const id of [1, 2, 3, 4, 5]) expect(await client.say(`link/del ${id}`)).toBe('1000 Success\n');
    await eventually(() => expect([...here.service.plane.ports.endpoints()].length).toBe(1));
    await eventually(() => expect([...there.service.plane.ports.endpoints()].length).toBe(1));
    await eventually(() => expect(existsSync(join(directory, 'door'))).toBe(false));
    expect(existsSync(join(directory, 'ours'))).toBe(false);
  });

  it('ends with the switch', async () => {
    const { path, management, service } = await manage();
    const client = await ConsoleClient.open(path);
    const address = `127.0.0.1:${await freePort()}`;
    await client.say(`link/add tcp-listen://${address}`);
    await client.say(`link/add tcp://${address}`);
    await untilLinks(client, /^Link 2 .* up, port \d+$/m);
    await management[Symbol.asyncDispose]();
    await eventually(() => expect([...service.plane.ports.endpoints()].length).toBe(0));
  });
});
