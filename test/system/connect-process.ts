// Connects to a socket as a switch does to a client's, as a probe; run by owned-socket.test.ts: `PATH|@ UID`. Prints what became of it.
import { connectOwned, connectOwnedAbstract } from '../../src/system/owned-socket.ts';
import { datagramSocket } from '../../src/system/unix-socket.ts';

const [path = '', uid = ''] = process.argv.slice(2);
try {
  if (path === '@') connectOwnedAbstract(datagramSocket(), new Uint8Array(108), Number(uid));
  else connectOwned(datagramSocket(), path, Number(uid));
  console.log('connected');
} catch (error) {
  console.log(error instanceof Error ? error.message : String(error));
}
