import { describe, expect, it } from 'vitest';
import { attachmentAt, cardArguments, socketsLeftBy, type Attachment, type Card } from '../../../src/launcher/guest/attachment.ts';
import { libvirtElement, qemuWords } from '../../../src/launcher/guest/card-text.ts';
import { macFromNumber } from '../../../src/wire/mac.ts';

const mac = macFromNumber(0x02_65_6c_00_00_05);
const places = { nic: { local: '/s/nic', remote: '/s/port' }, vdeDirectory: '/run/net' };

function card(kind: Attachment['kind'], more: Partial<Card> = {}): Card {
  return { attachment: attachmentAt(kind, places, 'reconnect=1'), mac, ...more };
}

describe('the words for a card', () => {
  it.each([
    ['stream', 'stream,id=net,server=off,addr.type=unix,addr.path=/s/port,reconnect=1', []],
    ['dgram', 'dgram,id=net,local.type=unix,local.path=/s/nic,remote.type=unix,remote.path=/s/port', ['/s/nic']],
    ['stream-server', 'stream,id=net,server=on,addr.type=unix,addr.path=/s/nic', ['/s/nic']],
    ['vde', 'vde,id=net,sock=/run/net', []],
  ] as const)('name the netdev of %s, and the sockets that it leaves', (kind, netdev, left) => {
    expect(cardArguments(card(kind))).toEqual(['-netdev', netdev, '-device', 'virtio-net-pci,netdev=net,mac=02:65:6c:00:00:05,romfile=']);
    expect(socketsLeftBy(card(kind).attachment)).toEqual(left);
  });

  it('have the MTU, and are those of a shell', () => {
    expect(qemuWords(card('vde', { mtu: 1400 }))).toBe(
      '-netdev vde,id=net,sock=/run/net -device virtio-net-pci,netdev=net,mac=02:65:6c:00:00:05,host_mtu=1400,romfile=',
    );
    const odd = attachmentAt('vde', { ...places, vdeDirectory: "/run/a b'c,d" }, '');
    expect(qemuWords({ attachment: odd, mac })).toMatch(/^-netdev 'vde,id=net,sock=\/run\/a b'\\''c,,d' -device /);
  });

  it('are an element of libvirt, too, in a slot that libvirt leaves free', () => {
    const odd = attachmentAt('vde', { ...places, vdeDirectory: '/run/a&"<b' }, '');
    expect(libvirtElement({ attachment: odd, mac })).toBe(
      '<qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"><qemu:arg value="-netdev"/>' +
        '<qemu:arg value="vde,id=net,sock=/run/a&amp;&quot;&lt;b"/><qemu:arg value="-device"/>' +
        '<qemu:arg value="virtio-net-pci,netdev=net,mac=02:65:6c:00:00:05,romfile=,addr=0x10"/></qemu:commandline>',
    );
  });
});
