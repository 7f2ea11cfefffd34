/** The small files of a node's state. They outlive its processes. */
export interface StateFiles {
  /** The path of a file of that name. */
  in(name: string): string;
  /** The text of a file, or undefined when there is none. Throws SystemError. */
  read(name: string): string | undefined;
  /** Replaces a file's text as one step; it is on the disk when this resolves. Rejects with SystemError; then the old text is still there. */
  write(name: string, text: string): Promise<void>;
}
