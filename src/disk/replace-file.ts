import { dirname } from 'node:path';
import { writeAll, type DiskFiles } from './disk-files.ts';

/**
 * Replaces a file's text in one step: `PATH.next` is written, and takes the file's name. The file has mode 0600 from the first moment. It is on the
 * disk when this resolves. Rejects with an error of Node's kind; then the old text is still there, unless only the directory could not be
 * synchronised.
 */
export async function replaceFile(files: DiskFiles, path: string, text: string): Promise<void> {
  const next = `${path}.next`;
  try {
    const file = await files.open(next, 'empty');
    try {
      await writeAll(file, new TextEncoder().encode(text), 0);
    } finally {
      await file.close();
    }
    await files.rename(next, path);
  } catch (error) {
    // On a read-only disk it was not written, and cannot be removed. The error that led here has more information.
    await files.remove(next).catch(() => undefined);
    throw error;
  }
  await files.syncDirectory(dirname(path));
}
