/** How long a slow disk takes for each thing, in milliseconds. */
export const slowness = 5000;

/**
 * Returns a command whose system calls of those names take long, as on a disk that is too busy; `about` is the file that they are about.
 */
export function onSlowDisk(command: readonly string[], calls: string, about?: string, milliseconds = slowness): string[] {
  // The process that is started becomes the command, and the one that delays it is another.
  const options = ['-D', '-f', '-q', '-o', '/dev/null', ...(about === undefined ? [] : ['-P', about])];
  return ['strace', ...options, '-e', `trace=${calls}`, '-e', `inject=${calls}:delay_enter=${milliseconds * 1000}`, ...command];
}
