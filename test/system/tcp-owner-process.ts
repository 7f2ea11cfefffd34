// Connects to a TCP port, as a probe; run by tcp-owner.test.ts: `HOST PORT [close]`. Ends with its standard input; with `close`, closes the
// connection before that. As `own`, connects to itself, and prints the user at the other side and its own user.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { ownName } from '../../src/system/socket-name.ts';
import { farOwner } from '../../src/system/tcp-owner.ts';
import { boundTcpSocket, connectTcp } from '../../src/system/tcp-socket.ts';

const [host = '', port = '', mode] = process.argv.slice(2);
if (host === 'own') {
  const fd = boundTcpSocket('127.0.0.1', 0, 3000);
  connectTcp(fd, '127.0.0.1', ownName(fd).port);
  console.log(farOwner(fd), process.geteuid?.());
} else {
  const socket = createConnection({ host, port: Number(port) });
  await once(socket, 'connect');
  // The test may end our connection before it ends this process.
  socket.on('error', () => undefined);
  socket.write('frames');
  if (mode === 'close') socket.destroy();
  console.log('done');
  process.stdin.on('end', () => process.exit(0)).resume();
}
