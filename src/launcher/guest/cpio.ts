// The "new ASCII" cpio archive that Linux unpacks as its first root file system [Linux,
// Documentation/driver-api/early-userspace/buffer-format.rst]. Every number is eight hexadecimal digits; header and name together, and the
// contents, are each padded with zeros to a multiple of four octets.
//
//    0  magic "070701"    38  nlink          78  rdevmajor
//    6  ino                46  mtime          86  rdevminor
//   14  mode               54  filesize       94  namesize, its closing zero counted
//   22  uid                62  devmajor      102  check (zero)
//   30  gid                70  devminor      110  name, zero, padding; contents, padding
//
// The archive ends with an empty file named TRAILER!!!.

/** One file of an archive. `path` has no leading slash. A directory must come before its contents. `mode` holds permission bits only. */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly contents: Uint8Array }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'character-device'; readonly path: string; readonly mode: number; readonly major: number; readonly minor: number };

/** Returns an archive of these entries. All belong to root and have the time 0, so that equal entries result in equal archives. */
export function encodeCpio(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => encodeEntry(entry, index + 1));
  return Buffer.concat([...parts, ...encodeMember({ path: 'TRAILER!!!', inode: 0, mode: 0, contents: nothing, major: 0, minor: 0 })]);
}

// S_IFDIR, S_IFREG, S_IFLNK and S_IFCHR of <sys/stat.h>.
const fileType = { directory: 0o040000, file: 0o100000, link: 0o120000, 'character-device': 0o020000 } as const;

const nothing = new Uint8Array(0);

interface Member {
  readonly path: string;
  readonly inode: number;
  readonly mode: number;
  readonly contents: Uint8Array;
  readonly major: number;
  readonly minor: number;
}

function encodeEntry(entry: CpioEntry, inode: number): Uint8Array[] {
  const member = { path: entry.path, inode, contents: nothing, major: 0, minor: 0 };
  switch (entry.kind) {
    case 'directory':
      return encodeMember({ ...member, mode: fileType.directory | entry.mode });
    case 'file':
      return encodeMember({ ...member, mode: fileType.file | entry.mode, contents: entry.contents });
    case 'link':
      return encodeMember({ ...member, mode: fileType.link | 0o777, contents: Buffer.from(entry.target) });
    case 'character-device':
      return encodeMember({ ...member, mode: fileType['character-device'] | entry.mode, major: entry.major, minor: entry.minor });
  }
}

function encodeMember(member: Member): Uint8Array[] {
  const name = Buffer.from(`${member.path}\0`);
  const fields = [
    member.inode,
    member.mode,
    0, // uid
    0, // gid
    1, // nlink
    0, // mtime
    member.contents.length,
    0, // devmajor
    0, // devminor
    member.major,
    member.minor,
    name.length,
    0, // check
  ];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`, 'latin1');
  return [header, name, padding(header.length + name.length), member.contents, padding(member.contents.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
