import type { Status } from './status.ts';

/** The longest file that is read, in octets. */
export const longestScript = 1_048_576;

/** The files of a user, opened with that user's rights. */
export interface Files {
  /** A name for the rights: the same text, the same rights. */
  readonly whose: string;
  /** Returns the whole text, or why it cannot be read: EFBIG beyond `longestScript`. */
  readonly read: (path: string) => { readonly text: string } | Status;
  /** Opens a file to write to, made if it is missing, emptied or appended to; or returns why it cannot. */
  readonly open: (path: string, how: 'new' | 'append') => OpenFile | Status;
  /** Resolves when the files closed since the last call are written; undefined when none are outstanding. */
  readonly closing: () => Promise<void> | undefined;
}

/** A file open for writing. */
export interface OpenFile {
  /** Appends, and returns whether there was room. Octets without room are lost, and the log says so once. */
  write(octets: Uint8Array): boolean;
  /** True once the file takes no more. */
  readonly failed: boolean;
  /** Why it took no more, also once it is closed and written; undefined when all went well. */
  readonly failure: Status | undefined;
  [Symbol.dispose](): void;
}
