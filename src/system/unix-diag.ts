/**
 * The messages by which the kernel reports on one unix socket: netlink sock_diag, family AF_UNIX. [sock_diag(7)]
 *
 *   request: nlmsghdr                      reply: nlmsghdr
 *   0   4  length, 40                      0   4  length
 *   4   2  type, SOCK_DIAG_BY_FAMILY       4   2  type: the same, or NLMSG_ERROR with a negative errno at 16
 *   6   2  flags, NLM_F_REQUEST            6  10  flags, sequence, port
 *   8   8  sequence, port
 *   unix_diag_req                          unix_diag_msg
 *   16  4  family, protocol, padding       16  4  family, type, state, padding
 *   20  4  states                          20  4  inode of the socket
 *   24  4  inode of the socket             24  8  cookie
 *   28  4  what to show                    32  .. attributes: length (2), type (2), value, padding to 4
 *   32  8  cookie, all ones for any
 *
 * All in the byte order of the host (here: little endian).
 */

/** The kernel's report on a unix socket; each part is missing if it does not apply. */
export interface UnixDiag {
  /** The file to which it is bound: the low 32 bits of its inode number, and its device in the kernel's numbering. */
  readonly file?: { readonly inode: number; readonly device: number };
  /** The inode number of the socket to which it is connected. */
  readonly peer?: number;
  /** The user that created it, by its number in the user namespace of the asking process. */
  readonly uid?: number;
}

const requestSize = 40;
const attributesStart = 32;
const sockDiagByFamily = 20;
const requestFlag = 1;
const unixFamily = 1;
const anyState = 0xffffffff;
const anyCookie = 0xffffffff;
/** UDIAG_SHOW_VFS, UDIAG_SHOW_PEER, UDIAG_SHOW_UID. */
const show = 0x02 | 0x04 | 0x40;
const attribute = { file: 1, peer: 2, uid: 7 };

/** Encodes the request for the report on the socket with this inode number. */
export function encodeUnixDiagRequest(inode: number): Uint8Array {
  const octets = Buffer.alloc(requestSize);
  octets.writeUInt32LE(requestSize, 0);
  octets.writeUInt16LE(sockDiagByFamily, 4);
  octets.writeUInt16LE(requestFlag, 6);
  octets.writeUInt8(unixFamily, 16);
  octets.writeUInt32LE(anyState, 20);
  octets.writeUInt32LE(inode, 24);
  octets.writeUInt32LE(show, 28);
  octets.writeUInt32LE(anyCookie, 32);
  octets.writeUInt32LE(anyCookie, 36);
  return octets;
}

/** Decodes the report on the socket with this inode number. Returns undefined for an error or a report on another socket. */
export function decodeUnixDiagReply(octets: Uint8Array, inode: number): UnixDiag | undefined {
  const reply = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
  if (reply.length < attributesStart || reply.readUInt16LE(4) !== sockDiagByFamily) return undefined;
  if (reply.readUInt8(16) !== unixFamily || reply.readUInt32LE(20) !== inode) return undefined;
  const values = readAttributes(reply.subarray(attributesStart, reply.readUInt32LE(0)));
  const [file, peer, uid] = [values.get(attribute.file), values.get(attribute.peer), values.get(attribute.uid)];
  return {
    ...(file && file.length >= 8 && { file: { inode: file.readUInt32LE(0), device: file.readUInt32LE(4) } }),
    ...(peer && peer.length >= 4 && { peer: peer.readUInt32LE(0) }),
    ...(uid && uid.length >= 4 && { uid: uid.readUInt32LE(0) }),
  };
}

function readAttributes(octets: Buffer): Map<number, Buffer> {
  const values = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= octets.length;) {
    const length = octets.readUInt16LE(at);
    if (length < 4) break;
    values.set(octets.readUInt16LE(at + 2), octets.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return values;
}
