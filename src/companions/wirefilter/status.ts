/** How a command ended: the C library's errno and its text. [errno(3), strerror(3)] */
const statuses = {
  success: [0, 'Success'],
  EPERM: [1, 'Operation not permitted'],
  ENOENT: [2, 'No such file or directory'],
  EIO: [5, 'Input/output error'],
  E2BIG: [7, 'Argument list too long'],
  EACCES: [13, 'Permission denied'],
  ENOTDIR: [20, 'Not a directory'],
  EISDIR: [21, 'Is a directory'],
  EINVAL: [22, 'Invalid argument'],
  EFBIG: [27, 'File too large'],
  ENOSYS: [38, 'Function not implemented'],
  ELOOP: [40, 'Too many levels of symbolic links'],
} as const;

/** How a command ended. */
export type Status = keyof typeof statuses;

/** The text of a status, as the C library has it. */
export function statusText(status: Status): string {
  return statuses[status][1];
}

/** The line that says so: `1022 Invalid argument`. */
export function statusLine(status: Status): string {
  return `1${String(statuses[status][0]).padStart(3, '0')} ${statusText(status)}`;
}

/** The status of a system call that failed; EIO for what is not told apart here. */
export function statusOf(errno: string): Status {
  return errno in statuses ? (errno as Status) : 'EIO';
}
