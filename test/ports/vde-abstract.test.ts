import { spawn } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeVdeRequest } from '../../src/ports/vde/vde-control.ts';
import { libc } from '../../src/system/libc.ts';
import { datagramSocket, streamSocket, type Fd } from '../../src/system/unix-socket.ts';
import { actAs, everyRights } from '../rights.ts';
import { closing } from '../system/sockets.ts';
import { collect, descriptors, frameOf, newDirectory } from './rig.ts';
import { serve, Stream, type Served } from './vde-stage.ts';

/** Returns a switch that every user may reach. */
function serveEverybody(): Served {
  const parent = newDirectory();
  chmodSync(parent, 0o711);
  return serve({ directory: join(parent, 's'), mode: 0o666 });
}

function startClient([program = '', ...args]: readonly string[]): { readonly lines: AsyncIterator<string>; readonly errors: () => string } {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  return { lines: createInterface(child.stdout)[Symbol.asyncIterator](), errors: () => errors };
}

/** Returns an abstract name, all 108 octets of it, that no other test has. */
function newName(): Buffer {
  const name = Buffer.alloc(108);
  name.write(`etherloom-${process.pid}-${names++}`, 1);
  return name;
}

let names = 0;

function bindAbstract(fd: Fd, name: Uint8Array, length = 110): Fd {
  const address = Buffer.alloc(110);
  address.writeUInt16LE(1);
  address.set(name, 2);
  expect(libc.bind(fd, address, length)).toBe(0);
  return closing(fd);
}

/** Returns a request for any port, of 122 octets, that names a socket by these 108. */
function requestOf(name: Uint8Array): Buffer {
  const octets = Buffer.from(encodeVdeRequest({ wish: 'any', path: '', description: '' }));
  octets.set(name, 14);
  return octets;
}

/** Asks with this name, and returns why it was refused; undefined when it was not. */
async function refusalOf({ directory, rig }: Served, name: Uint8Array): Promise<string | undefined> {
  const stream = new Stream(directory);
  stream.write(requestOf(name));
  const reply = await stream.read();
  return reply.length === 0 ? rig.logged.at(-1) : undefined;
}

const forms = ['uml', 'bochs'] as const;

describe.each(forms.flatMap((form) => everyRights.map((rights) => ({ form, rights }))))(
  'a client in the form of $form, run by $rights',
  ({ form, rights }) => {
    it('gets its port, sends and receives', async (context) => {
      const actor = actAs(rights, context);
      const { directory, ports, rig } = serveEverybody();
      const { lines, errors } = startClient(actor.probe('test/ports/abstract-client.ts', directory, form));
      const port = await ports.next();
      expect(ports.given).toMatchObject([{ number: 1, peer: { kind: 'user', uid: actor.uid } }]);
      const collector = collect(port);
      await collector.count(1);
      expect(collector.frames).toEqual([new Uint8Array(60).fill(0xff)]);
      rig.send(port, frameOf(77));
      const path = String((await lines.next()).value);
      expect(path).toMatch(new RegExp(`^${directory}/001\\.\\d+$`));
      expect((await lines.next()).value, errors()).toBe(Buffer.from(frameOf(77)).toString('hex'));
      expect(await collector.ended()).toBe('the client is gone');
      expect(existsSync(path)).toBe(false);
    });
  },
);

describe('a client that names an abstract socket', () => {
  it("is refused when that is another user's", async (context) => {
    const actor = actAs('a user in two groups', context);
    context.skip(process.geteuid?.() === actor.uid, 'only root can act as two users');
    const { directory, ports, rig } = serveEverybody();
    const name = newName();
    bindAbstract(datagramSocket(), name);
    const { lines, errors } = startClient(actor.probe('test/ports/abstract-client.ts', directory, 'uml', name.toString('hex')));
    expect((await lines.next()).value, errors()).toBe('refused');
    expect(rig.logged).toEqual([
      expect.stringMatching(/@etherloom-\d+-\d+ belongs to uid 0, not to its client, uid \d+; have the client bind its own socket$/),
    ]);
    expect(ports.ports).toEqual([]);
  });

  it('is refused when no socket has that name, and told that names are per network namespace', async () => {
    const served = serve();
    expect(await refusalOf(served, newName())).toMatch(
      /cannot connect to the abstract socket @etherloom-\d+-\d+: connection refused \(ECONNREFUSED\); abstract names are valid in one network namespace only/,
    );
  });

  it('is refused when that is a stream, or has a shorter name: all 108 octets are the name', async () => {
    const served = serve();
    const [stream, short] = [newName(), newName()];
    bindAbstract(streamSocket(), stream);
    bindAbstract(datagramSocket(), short, 2 + short.indexOf(0, 1));
    expect(await refusalOf(served, stream)).toContain('ECONNREFUSED');
    expect(await refusalOf(served, short)).toContain('ECONNREFUSED');
  });

  it('is refused when it names none at all', async () => {
    expect(await refusalOf(serve(), Buffer.alloc(108))).toContain('its request names no socket');
  });

  it('keeps no descriptor, and no name, of one that is refused', async () => {
    const served = serve();
    const before = descriptors();
    for (let i = 0; i < 10; i++) expect(await refusalOf(served, newName())).toBeDefined();
    expect(served.ports.ports).toEqual([]);
    expect(descriptors()).toBeLessThanOrEqual(before + 10); // the streams that this test made
  });

  it('has its name shown with what cannot be printed in hexadecimal', async () => {
    const name = newName();
    name.writeInt32LE(0x0a1b0007, 4);
    expect(await refusalOf(serve(), name)).toContain('@eth\\x07\\x00\\x1b\\x0aom-');
  });
});
