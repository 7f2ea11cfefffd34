// Forbids netlink sockets to this process and its children, as RestrictAddressFamilies= of systemd does: `node --import …/without-netlink.mjs`.
// [seccomp(2)]
import koffi from 'koffi';

const socketCall = { x64: 41, arm64: 198 }[process.arch];
const [PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER] = [38, 22, 2];
const [load, jumpIfEqual, answer] = [0x20, 0x15, 0x06];
const [allow, refuse, EAFNOSUPPORT, AF_NETLINK] = [0x7fff0000, 0x00050000, 97, 16];

/** `struct sock_filter`: code, jumps if true and if false, value. */
function instruction([code, ifTrue, ifFalse, value]) {
  const octets = Buffer.alloc(8);
  octets.writeUInt16LE(code, 0);
  octets.writeUInt8(ifTrue, 2);
  octets.writeUInt8(ifFalse, 3);
  octets.writeUInt32LE(value, 4);
  return octets;
}

const filter = Buffer.concat([
  Buffer.concat(
    [
      [load, 0, 0, 0], // the number of the call
      [jumpIfEqual, 0, 3, socketCall],
      [load, 0, 0, 16], // its first argument
      [jumpIfEqual, 0, 1, AF_NETLINK],
      [answer, 0, 0, refuse | EAFNOSUPPORT],
      [answer, 0, 0, allow],
    ].map(instruction),
  ),
  Buffer.alloc(64), // V8 may move smaller ones
]);
const program = Buffer.alloc(80);
program.writeUInt16LE(6, 0);
program.writeBigUInt64LE(BigInt(koffi.address(filter)), 8);
const libc = koffi.load(null);
const prctl = libc.func('int prctl(int, ulong, void *, ulong, ulong)');
const prctlNumber = libc.func('int prctl(int, ulong, ulong, ulong, ulong)');
if (prctlNumber(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) !== 0)
  throw new Error(`seccomp: errno ${koffi.errno()}`);
