import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { TcpPort } from '../../src/ports/tcp-port.ts';
import { TcpDialer, TcpListener } from '../../src/ports/tcp.ts';
import { encodeFrames } from '../../src/ports/frame-stream.ts';
import { conforms } from './conformance.ts';
import { Ports, type Rig } from './rig.ts';

function farEnd(rig: Rig, socket: Socket): { far: TcpPort; inject: (octets: Uint8Array) => void } {
  const far = new TcpPort('far', {}, rig.environment, () => undefined);
  far.connect(socket);
  return { far, inject: (octets) => void socket.write(encodeFrames([octets])) };
}

conforms({
  name: 'the listening side of a TCP link',
  injects: true,
  farGone: 'closed',
  async open(rig) {
    const ports = new Ports();
    const rest = await TcpListener.open({ listen: { host: '127.0.0.1', port: 0 }, acceptor: ports }, rig.environment);
    const socket = connect({ host: '127.0.0.1', port: rest.port });
    await once(socket, 'connect');
    return { port: await ports.next(), ...farEnd(rig, socket), rest };
  },
});

conforms({
  name: 'the dialling side of a TCP link',
  injects: true,
  farGone: 'carrier',
  async open(rig) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = new TcpDialer(`127.0.0.1:${(server.address() as AddressInfo).port}`, {}, rig.environment);
    const [socket] = (await once(server, 'connection')) as [Socket];
    server.close();
    return { port, ...farEnd(rig, socket) };
  },
});
