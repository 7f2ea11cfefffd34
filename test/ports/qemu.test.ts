import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatagramPort } from '../../src/ports/datagram-port.ts';
import { QemuPort } from '../../src/ports/qemu.ts';
import { bindFile, connectPath, datagramSocket } from '../../src/system/unix-socket.ts';
import { conforms } from './conformance.ts';
import { newDirectory, sendDatagram, type Rig } from './rig.ts';

/** What QEMU does with `-netdev dgram`, but for being connected, so that a test can fill the queue. */
function plug(rig: Rig, local: string, remote: string): { fd: number; port: DatagramPort } {
  const fd = datagramSocket();
  const released = (): void => rmSync(local, { force: true });
  bindFile(fd, { path: local, mode: 0o600 });
  connectPath(fd, remote);
  return { fd, port: new DatagramPort({ fd, module: 'peer', description: 'peer', released }, rig.environment) };
}

conforms({
  name: "a port for QEMU's datagrams",
  injects: true,
  farGone: 'carrier',
  open(rig) {
    const directory = newDirectory();
    const [ours, theirs] = [join(directory, 'switch'), join(directory, 'qemu')];
    const port = QemuPort.open({ local: ours, remote: theirs }, rig.environment);
    const { fd, port: far } = plug(rig, theirs, ours);
    return Promise.resolve({ port, far, inject: (octets) => void sendDatagram(fd, octets) });
  },
});
