import { join } from 'node:path';
import { VdeListener } from '../../src/ports/vde-listener.ts';
import { conforms } from './conformance.ts';
import { newDirectory, Ports, sendDatagram } from './rig.ts';
import { connect } from './vde-stage.ts';

conforms({
  name: 'a port of a VDE directory',
  injects: true,
  farGone: 'closed',
  async open(rig) {
    const directory = join(newDirectory(), 's');
    const ports = new Ports();
    const rest = VdeListener.open({ directory, acceptor: ports }, rig.environment);
    const client = await connect(directory);
    return { port: await ports.next(), far: client.port(rig), rest, inject: (octets) => sendDatagram(client.data, octets) };
  },
});
