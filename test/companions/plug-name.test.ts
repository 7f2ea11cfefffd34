import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPlace } from '../../src/companions/plug-end.ts';
import { plugMode, plugPlace, plugPort } from '../../src/companions/plug-name.ts';
import { newDirectory, Rig } from '../ports/rig.ts';

const nobody = '/nonexistent';

describe('the name of a place for a plug', () => {
  it.each([
    ['', { directory: undefined }],
    ['/run/sw', { directory: '/run/sw' }],
    ['vde:///run/sw', { directory: '/run/sw' }],
    ['vde://', { directory: undefined }],
    ['/run/sw[5]', { directory: '/run/sw', port: 5, portGroup: '5' }],
    ['/run/sw[0]', { directory: '/run/sw', port: 0, portGroup: '0' }],
    ['[7]', { directory: undefined, port: 7, portGroup: '7' }],
    ['vde://[7]', { directory: undefined, port: 7, portGroup: '7' }],
    ['sw[port=5]', { directory: 'sw', port: 5 }],
    ['sw[portgroup=lab]', { directory: 'sw', portGroup: 'lab' }],
    ['sw[lab]', { directory: 'sw', portGroup: 'lab' }],
    ['sw[group=staff/mode=0660]', { directory: 'sw', group: 'staff', mode: 0o660 }],
    ['sw[m=0600/portg=x]', { directory: 'sw', mode: 0o600, portGroup: 'x' }],
    ["vde://'/a b'[3]", { directory: '/a b', port: 3, portGroup: '3' }],
    ['vde:///a%20b', { directory: '/a b' }],
    ['sw\\[5\\]', { directory: 'sw[5]' }],
  ])('%j', (name, place) => {
    expect(plugPlace(name, nobody)).toEqual({ kind: 'switch', ...place });
  });

  it('may be one of the other drivers, or a command', () => {
    expect(plugPlace('tap://tap0', nobody)).toEqual({ kind: 'address', address: 'tap://tap0' });
    expect(plugPlace('cmd://ssh there vde_plug', nobody)).toEqual({ kind: 'command', line: 'ssh there vde_plug' });
    const slirp = 'slirp:///v4/addr=10.77.0.2\\/24/tcpfwd=2222:10.77.0.11:22';
    expect(plugPlace(slirp, nobody)).toEqual({ kind: 'slirp', address: slirp });
    expect(plugPlace('slirp://', nobody)).toEqual({ kind: 'slirp', address: 'slirp://' });
  });

  it.each([
    ['/run/sw[]', /need a switch between them/],
    ['ptp:///tmp/x', /need a switch between them/],
    ['me:10->you:20', /write it as udp:\/\/me:10,you:20$/],
    ['sw[a=b]', /a=b is unknown; use port=N/],
    ['sw[=b]', /=b is unknown; use port=N/],
    ['sw[port=x]', /x is not a port number/],
    ['sw[mode=9]', /9 is not an octal mode/],
    ['sw[portgroup=..]', /must not contain a slash/],
    ['sw[portgroup=a%2fb]', /must not contain a slash/],
  ])('is refused with what is possible: %s', (name, why) => {
    expect(() => plugPlace(name, nobody)).toThrow(why);
  });

  it.each([
    ['foo://', /^cannot plug into foo:\/\/: foo:\/\/ is not supported; use vde:\/\/DIR.*, slirp:\/\/\/ or cmd:\/\/COMMAND$/],
    ['tcp-listen://127.0.0.1:7', /tcp-listen:\/\/ is not supported; use .*tcp:\/\/HOST:PORT/],
    [
      'tcp://10.0.0.1:7',
      /it would leave this machine unencrypted; .* or write tcp:\/\/10\.0\.0\.1:7\?plain=yes if the network is private$/,
    ],
    ['qemu-stream://10.0.0.1:7', /it would leave this machine unencrypted/],
  ])('is refused when it is opened: %s', async (name, why) => {
    await expect(openPlace(plugPlace(name, nobody), { description: '' }, new Rig().environment)).rejects.toThrow(why);
  });

  it('may be in the first line of a file, which is followed once', () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'name'), `vde:///run/sw[5]\nmore\n`);
    writeFileSync(join(directory, 'other'), join(directory, 'name'));
    writeFileSync(join(directory, 'long'), 'x'.repeat(5000));
    expect(plugPlace(join(directory, 'name'), nobody)).toMatchObject({ directory: '/run/sw', port: 5 });
    expect(plugPlace(join(directory, 'other'), nobody)).toEqual({ kind: 'switch', directory: join(directory, 'name') });
    expect(() => plugPlace(join(directory, 'long'), nobody)).toThrow(/longer than 4096 octets/);
  });

  it('is by default what the user says: where the newer tools look, then where the older do', () => {
    const home = newDirectory();
    mkdirSync(join(home, '.vde2'));
    mkdirSync(join(home, 'sw'));
    symlinkSync(join(home, 'sw'), join(home, '.vde2/stdsock'));
    expect(plugPlace('', home)).toEqual({ kind: 'switch', directory: join(home, '.vde2/stdsock') });
    expect(plugPlace('[4]', home)).toMatchObject({ directory: join(home, '.vde2/stdsock'), port: 4 });
    symlinkSync(join(home, 'sw'), join(home, '.vde2/default.switch'));
    expect(plugPlace('', home)).toEqual({ kind: 'switch', directory: join(home, '.vde2/default.switch') });
    mkdirSync(join(home, '.vdeplug'));
    writeFileSync(join(home, '.vdeplug/default'), 'tap://mine\n');
    expect(plugPlace('', home)).toEqual({ kind: 'address', address: 'tap://mine' });
    expect(plugPlace('/else', home)).toEqual({ kind: 'switch', directory: '/else' });
  });

  it('has ports that are numbers and modes that are octal', () => {
    expect([plugPort('0'), plugPort('65536'), plugMode('660'), plugMode('02770')]).toEqual([0, 65_536, 0o660, 0o770]);
    for (const text of ['', '-1', '1e3', '99999999']) expect(() => plugPort(text)).toThrow(/not a port number/);
    for (const text of ['', '8', '777777']) expect(() => plugMode(text)).toThrow(/not an octal mode/);
  });
});
