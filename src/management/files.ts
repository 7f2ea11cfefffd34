import type { Status } from './status.ts';

/** The longest file that is read, in octets. */
export const longestScript = 1_048_576;

/** The files of a user, opened with that user's rights. */
export interface Files {
  /** A name for the rights: equal names mean equal rights. */
  readonly whose: string;
  /** Returns the whole text, or the reason why it cannot be read: EFBIG beyond `longestScript`. */
  readonly read: (path: string) => { readonly text: string } | Status;
  /**
   * Opens a file for writing, and creates it if it is missing. It is emptied, or appended to. Returns the reason if it cannot be opened.
   */
  readonly open: (path: string, how: 'new' | 'append') => OpenFile | Status;
  /** Resolves when the files closed since the last call are written; undefined when none are outstanding. */
  readonly closing: () => Promise<void> | undefined;
}

/** The files of a client whose user is not known: none can be opened. */
export const noFiles: Files = { whose: 'http', read: () => 'EACCES', open: () => 'EACCES', closing: () => undefined };

/** A file open for writing. */
export interface OpenFile {
  /** Appends octets. Returns false if there is no room; then they are lost, which is logged once. */
  write(octets: Uint8Array): boolean;
  /** True once the file can take no more. */
  readonly failed: boolean;
  /** The reason why it could take no more, even after it is closed and written; undefined if there was no failure. */
  readonly failure: Status | undefined;
  [Symbol.dispose](): void;
}

/** Opens a new file that begins with that header. Returns the reason if that fails. */
export function openWithHeader(files: Files, path: string, header: Uint8Array): OpenFile | Status {
  const file = files.open(path, 'new');
  if (typeof file === 'string' || file.write(header)) return file;
  file[Symbol.dispose]();
  return 'EIO';
}
