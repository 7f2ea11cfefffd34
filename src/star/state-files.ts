/** The small files of a node's state. They outlive its processes. */
export interface StateFiles {
  /** Returns the path of a file of that name. */
  in(name: string): string;
  /** Returns the text of a file, or undefined if there is none. Throws SystemError. */
  read(name: string): string | undefined;
  /**
   * Replaces a file's text in one step. It is on the disk when this resolves. Rejects with SystemError; then the old text is still there.
   */
  write(name: string, text: string): Promise<void>;
  /** Removes a file, if it is there, after all earlier writes. Rejects with SystemError. */
  remove(name: string): Promise<void>;
}
