import { join } from 'node:path';
import { VdeClient } from '../../src/ports/vde-client.ts';
import { VdeListener } from '../../src/ports/vde-listener.ts';
import { conforms } from './conformance.ts';
import { newDirectory, Ports } from './rig.ts';

conforms({
  name: 'a client of a VDE switch',
  injects: false,
  farGone: 'closed',
  async open(rig) {
    const directory = join(newDirectory(), 's');
    const ports = new Ports();
    const rest = VdeListener.open({ directory, acceptor: ports }, rig.environment);
    const port = await VdeClient.open({ directory }, rig.environment);
    return { port, far: await ports.next(), rest };
  },
});
