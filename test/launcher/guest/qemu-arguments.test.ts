import { describe, expect, it } from 'vitest';
import { qemuArguments, type GuestSpec } from '../../../src/launcher/guest/qemu-arguments.ts';
import { macFromNumber } from '../../../src/wire/mac.ts';

const spec: GuestSpec = {
  name: 'etherloom-guest-3',
  architecture: 'x64',
  accelerator: 'tcg',
  memory: 96,
  kernel: '/image/vmlinuz',
  initrd: '/image/initrd.gz',
  words: { g_mode: 'client' },
  mac: macFromNumber(0x02_65_6c_00_00_03),
  attachment: { kind: 'dgram', local: '/run/nic/q', remote: '/run/nic/s' },
  console: '/state/console',
  consoleLog: '/state/console.log',
  qmp: '/state/qmp',
  pidFile: '/state/qemu.pid',
};

const lines = (changes: Partial<GuestSpec> = {}): string[] =>
  qemuArguments({ ...spec, ...changes })
    .join('\n')
    .replaceAll(/\n(?!-)/g, ' ')
    .split('\n');

describe('qemuArguments', () => {
  it('says all that a guest is', () => {
    expect(lines()).toEqual([
      '-name etherloom-guest-3',
      '-pidfile /state/qemu.pid',
      '-nodefaults',
      '-no-user-config',
      '-no-reboot',
      '-display none',
      '-machine pc',
      '-accel tcg,tb-size=32',
      '-cpu qemu64',
      '-m 96',
      '-kernel /image/vmlinuz',
      '-initrd /image/initrd.gz',
      '-append console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off nokaslr cryptomgr.notests no_timer_check tsc=reliable g_mode=client',
      '-chardev socket,id=console,path=/state/console,server=on,wait=off,logfile=/state/console.log,logappend=on',
      '-serial chardev:console',
      '-chardev socket,id=qmp,path=/state/qmp,server=on,wait=off',
      '-mon chardev=qmp,mode=control',
      '-netdev dgram,id=net,local.type=unix,local.path=/run/nic/q,remote.type=unix,remote.path=/run/nic/s',
      '-device virtio-net-pci,netdev=net,mac=02:65:6c:00:00:03,romfile=',
    ]);
  });

  it('lets the card dial its switch, again and again', () => {
    const told = lines({ attachment: { kind: 'stream', path: '/run/nic,q', redial: 'reconnect=1' } });
    expect(told).toContain('-netdev stream,id=net,server=off,addr.type=unix,addr.path=/run/nic,,q,reconnect=1');
  });

  it('lets the card listen for its switch', () => {
    const told = lines({ attachment: { kind: 'stream-server', path: '/run/nic,q' } });
    expect(told).toContain('-netdev stream,id=net,server=on,addr.type=unix,addr.path=/run/nic,,q');
  });

  it('plugs the card into a VDE switch', () => {
    expect(lines({ attachment: { kind: 'vde', directory: '/run/switch' } })).toContain('-netdev vde,id=net,sock=/run/switch');
  });

  it('takes the processor itself with KVM', () => {
    const told = lines({ accelerator: 'kvm' });
    expect(told).toContain('-accel kvm');
    expect(told).toContain('-cpu host');
  });

  it('chooses machine and console for arm64', () => {
    const told = lines({ architecture: 'arm64' });
    expect(told).toContain('-machine virt');
    expect(told).toContain('-cpu cortex-a57');
    expect(told.find((line) => line.startsWith('-append'))).toContain('console=ttyAMA0');
  });

  it('doubles commas where QEMU would split a list, and nowhere else', () => {
    const told = lines({
      kernel: '/a,b/vmlinuz',
      console: '/a,b/c',
      consoleLog: '/a,b/c.log',
      qmp: '/a,b/qmp',
      pidFile: '/a,b/pid',
      attachment: { kind: 'dgram', local: '/a,b/q', remote: '/a,b/s' },
    });
    expect(told).toContain('-kernel /a,b/vmlinuz');
    expect(told).toContain('-pidfile /a,b/pid');
    expect(told).toContain('-chardev socket,id=console,path=/a,,b/c,server=on,wait=off,logfile=/a,,b/c.log,logappend=on');
    expect(told).toContain('-chardev socket,id=qmp,path=/a,,b/qmp,server=on,wait=off');
    expect(told).toContain('-netdev dgram,id=net,local.type=unix,local.path=/a,,b/q,remote.type=unix,remote.path=/a,,b/s');
    expect(lines({ attachment: { kind: 'vde', directory: '/a,b' } })).toContain('-netdev vde,id=net,sock=/a,,b');
  });
});
