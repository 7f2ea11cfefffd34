/** The status of a command: an errno of the C library and its text. [errno(3), strerror(3)] */
const statuses = {
  success: [0, 'Success'],
  EPERM: [1, 'Operation not permitted'],
  ENOENT: [2, 'No such file or directory'],
  EIO: [5, 'Input/output error'],
  ENXIO: [6, 'No such device or address'],
  E2BIG: [7, 'Argument list too long'],
  EACCES: [13, 'Permission denied'],
  EEXIST: [17, 'File exists'],
  ENODEV: [19, 'No such device'],
  ENOTDIR: [20, 'Not a directory'],
  EISDIR: [21, 'Is a directory'],
  EINVAL: [22, 'Invalid argument'],
  EMFILE: [24, 'Too many open files'],
  EFBIG: [27, 'File too large'],
  ENOSPC: [28, 'No space left on device'],
  EROFS: [30, 'Read-only file system'],
  ENAMETOOLONG: [36, 'File name too long'],
  ENOSYS: [38, 'Function not implemented'],
  ELOOP: [40, 'Too many levels of symbolic links'],
  EADDRINUSE: [98, 'Address already in use'],
} as const;

/** The name of a status. */
export type Status = keyof typeof statuses;

/** Formats the status line: `1022 Invalid argument`. */
export function statusLine(status: Status): string {
  const [errno, text] = statuses[status];
  return `1${String(errno).padStart(3, '0')} ${text}`;
}

/** Returns the text of a status: `Invalid argument`. */
export function statusText(status: Status): string {
  return statuses[status][1];
}

/** Returns the text of the first status in a reply that is not a success; undefined if there is none. */
export function failureIn(reply: string): string | undefined {
  return /^1(?!000 )\d{3} (.*)$/m.exec(reply)?.[1];
}

/** Returns the status for a failed system call; EIO for an errno without a status. */
export function statusOf(errno: string): Status {
  return errno in statuses ? (errno as Status) : 'EIO';
}
