import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drivers, open, reachOf } from '../../src/ports/open.ts';
import { Ports, Rig } from './rig.ts';

const documented = readFileSync(join(import.meta.dirname, '../../docs/ports.md'), 'utf8');

describe.each(drivers)('the driver of $form', ({ scheme, form, summary }) => {
  it('is told apart by its scheme, and says how it is written and what it does', () => {
    expect(drivers.filter((other) => other.scheme === scheme).length).toBe(1);
    expect(form.startsWith(`${scheme}://`)).toBe(true);
    expect(summary).not.toBe('');
  });

  it('is in the documentation', () => {
    expect(documented).toContain(`\`${scheme}://`);
  });
});

describe('the address of a port', () => {
  it.each(['', 'tcp', 'tcp://', 'tcp:/127.0.0.1:7000', 'ssh://127.0.0.1:22', '/run/a'])(
    'is not %j: the error lists what is one',
    async (address) => {
      const { environment } = new Rig();
      const error: unknown = await open(address, environment, new Ports()).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'bad-address' });
      for (const { form } of drivers) expect(String(error)).toContain(form);
    },
  );

  it.each(['qemu://a', 'qemu://a,b,c', 'qemu://,b'])('is refused with the form of its driver: %s', async (address) => {
    const { environment } = new Rig();
    await expect(open(address, environment, new Ports())).rejects.toThrow(/write it as qemu:\/\/LOCAL,REMOTE/);
  });

  it.each([
    ['tcp://10.0.0.1:7', ['10.0.0.1'], false],
    ['tcp-listen://[::1]:7?plain=yes', ['::1'], true],
    ['qemu-stream://host:7?plain=yes', ['host'], true],
    ['qemu-stream-listen://127.0.0.1:7', ['127.0.0.1'], false],
    ['qemu-stream:///run/nic?plain=yes', [], false],
    ['vde:///run/a', [], false],
    ['tap://tap0', [], false],
    ['qemu://a,b', [], false],
    ['udp://:7,10.0.0.1:7', ['10.0.0.1'], false],
    ['udp://0.0.0.0:7,[::1]:7?plain=yes&fragment=on', ['::1'], true],
    ['udp-multicast://239.0.0.1:7', ['239.0.0.1'], false],
    ['udp-multicast://239.0.0.1:7?local=127.0.0.1', ['127.0.0.1'], false],
    ['udp-multicast://[ff12::1]:7?if=lo', ['localhost'], false],
    ['udp-multicast://239.0.0.1:7?if=nosuch0&local=127.0.0.1&plain=yes', ['239.0.0.1'], true],
    ['ws://0.0.0.0:7/frames?token=a', [], false],
    [
      'vxlan://10.0.0.1,mesh.example:4790,fd00::1,[fd00::2],[fd00::3]:4790?vni=7',
      ['10.0.0.1', 'mesh.example', 'fd00::1', 'fd00::2', 'fd00::3'],
      false,
    ],
    ['vxlan://127.0.0.1?vni=0&local=10.0.0.1&plain=yes', ['127.0.0.1', '10.0.0.1'], true],
    ['vxlan://127.0.0.1?vni=16777215&learn=any&csum=on&port=8472', ['127.0.0.1', '0.0.0.0'], false],
    ['vxlan://239.0.0.1/vni=77/if=eth0', ['239.0.0.1'], false],
    [
      'gretap://10.0.0.1,mesh.example,[fd00::1],fe80::1%eth0?key=4294967295',
      ['10.0.0.1', 'mesh.example', 'fd00::1', 'fe80::1%eth0'],
      false,
    ],
    ['gretap://10.0.0.1/key=0/plain=yes', ['10.0.0.1'], true],
    ['etherip://10.0.0.1?local=10.0.0.2&socket=raw-socket&pmtud=on', ['10.0.0.1', '10.0.0.2'], false],
  ])('says which hosts its frames reach, and whether it accepts that: %s', (address, hosts, plain) => {
    expect(reachOf(address)).toMatchObject({ hosts, plain });
  });

  it.each([
    ['tcp://10.0.0.1', 'is not HOST:PORT'],
    ['tcp://10.0.0.1:7?plain=no', 'plain=no is not plain=yes'],
    [
      'tcp-listen://10.0.0.1:7?plane=yes',
      'the option plane is unknown; write the address as tcp-listen://HOST:PORT: its options are plain',
    ],
    ['qemu-stream://10.0.0.1:7?plain', 'the option plain has no value'],
    ['qemu://a', 'write it as qemu://LOCAL,REMOTE'],
    ['udp://127.0.0.1:7', 'write it as udp://LOCAL,REMOTE'],
    ['udp://:7,127.0.0.1', '127.0.0.1 is not HOST:PORT'],
    ['udp://:7,127.0.0.1:0', 'has no UDP port that the two sides could agree on'],
    ['udp://:0,127.0.0.1:7', ':0 has no UDP port'],
    ['udp://:7,[::ffff:127.0.0.1]:7', '::ffff:127.0.0.1 is an address of IPv4 in IPv6; write it as 127.0.0.1'],
    ['udp://[::FFFF:7f00:1]:7,127.0.0.1:7', 'write it as 127.0.0.1'],
    ['udp://:7,[fe80::1]:7', 'fe80::1 is another host on each link; name the interface: fe80::1%eth0'],
    ['udp://:7,239.0.0.1:7', '239.0.0.1 is the address of a group of hosts'],
    ['udp://:7,0.0.0.0:7', '0.0.0.0 is not the address of one host'],
    ['vxlan://::ffff:127.0.0.1?vni=1', 'write it as 127.0.0.1'],
    ['vxlan://[::]?vni=1', ':: is not the address of one host'],
    ['vxlan://255.255.255.255?vni=1', '255.255.255.255 is not the address of one host'],
    ['vxlan://febf::1?vni=1', 'name the interface: febf::1%eth0'],
    ['vxlan://fd00::1?vni=1&local=fe80::1', 'name the interface: fe80::1%eth0'],
    ['vxlan://ff02::1?vni=1', 'the group ff02::1 is another one on each link; name the interface: ?if=eth0'],
    ['vxlan://ff02::1%eth0?vni=1', 'the interface of a group is an option: if=eth0'],
    ['gretap://239.0.0.1', '239.0.0.1 is the address of a group of hosts'],
    ['etherip://::ffff:10.0.0.1', 'write it as 10.0.0.1'],
    ['etherip://fe80::1', 'name the interface: fe80::1%eth0'],
    ['udp://:7,127.0.0.1:7?fragment=yes', 'fragment=yes is neither fragment=on nor fragment=off'],
    ['udp-multicast://10.0.0.1:7', '10.0.0.1 is not a multicast address'],
    ['udp-multicast://group.example:7', 'group.example is not a multicast address'],
    ['udp-multicast://239.0.0.1:7?local=::1', "local=::1 is not an address of the group's version of IP"],
    ['udp-multicast://[ff02::1]:7', 'name the interface: ?if=eth0'],
    ['ws://127.0.0.1/x', 'is not HOST:PORT'],
    ['vxlan://10.0.0.1', 'the network identifier is missing: vni=N'],
    ['vxlan://10.0.0.1?vni=16777216', 'vni=16777216 is not a number from 0 to 16777215'],
    ['vxlan://?vni=1', ' is not a host, HOST:PORT or [IPv6]:PORT'],
    ['vxlan://a,?vni=1', ' is not a host, HOST:PORT or [IPv6]:PORT'],
    ['vxlan://[a]?vni=1', '[a] is not a host'],
    ['vxlan://a:70000?vni=1', 'a:70000 is not a host'],
    ['vxlan://a?vni=1&local=here', 'local=here is not an IP address'],
    ['vxlan://a?vni=1&learn=all', 'learn=all is not learn=any'],
    ['vxlan://a?vni=1&csum=1', 'csum=1 is neither csum=on nor csum=off'],
    ['vxlan://a?vni=1&if=eth0', 'if= is the interface of a group, and no remote is one'],
    ['vxlan://239.0.0.1,239.0.0.2?vni=1', 'only one of the remotes may be a group'],
    ['vxlan://a?vni=1&port=0', 'port=0 is not a number from 1 to 65535'],
    ['gretap://10.0.0.1?key=4294967296', 'key=4294967296 is not a number from 0 to 4294967295'],
    ['gretap://10.0.0.1:47', '10.0.0.1:47 is not a host'],
    ['gretap://a,', ' is not a host'],
    ['etherip://[a]', '[a] is not a host'],
    ['etherip://a?key=1', 'the option key is unknown; write the address as etherip://REMOTE'],
    ['etherip://a?local=here', 'local=here is not an IP address'],
    ['etherip://a?socket=udp', 'socket=udp is not socket=raw-socket'],
    ['vxlan://a?vni=1&ttl=3', 'the option ttl is unknown; write the address as vxlan://REMOTE'],
  ])('is checked before it is opened: %s', (address, reason) => {
    expect(() => reachOf(address)).toThrow(
      expect.objectContaining({ code: 'bad-address', message: expect.stringContaining(reason) as string }),
    );
  });

  it('of a WebSocket beyond this machine needs a token', () => {
    expect(() => reachOf('ws://0.0.0.0:7/frames')).toThrow(expect.objectContaining({ code: 'not-permitted' }));
  });
});
