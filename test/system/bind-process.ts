// Binds a socket file as a probe, run by bind-rights.test.ts: `PATH MODE UID GID [swap]`, where - leaves owner or group unchanged.
// Prints what became of it. With `swap` the file is replaced between bind and chown.
import { closeSync, linkSync, lstatSync, renameSync } from 'node:fs';
import { bindFile, datagramSocket, setBoundHook } from '../../src/system/unix-socket.ts';

const [path = '', mode = '', uid = '-', gid = '-', disturbance] = process.argv.slice(2);
const number = (text: string): number | undefined => (text === '-' ? undefined : Number(text));
if (disturbance === 'swap') {
  const other = datagramSocket();
  bindFile(other, { path: `${path}-other`, mode: 0o600 });
  setBoundHook(() => {
    renameSync(path, `${path}-moved`);
    linkSync(`${path}-other`, path);
  });
}
const fd = datagramSocket();
try {
  bindFile(fd, { path, mode: parseInt(mode, 8), uid: number(uid), gid: number(gid) });
  const { uid: owner, gid: group, mode: bits } = lstatSync(path);
  console.log(`bound ${(bits & 0o7777).toString(8)} ${owner} ${group}`);
} catch (error) {
  console.log(error instanceof Error ? error.message : String(error));
}
closeSync(fd);
