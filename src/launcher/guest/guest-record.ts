import { readFileSync, rmSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAttachmentKind, type Attachment } from './attachment.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** The record of a running guest on disk, by which the next launcher takes it over. */
export interface GuestRecord extends ProcessIdentity {
  readonly id: number;
  /** The MAC address in the form of formatMac. */
  readonly mac: string;
  /** How its card is attached. */
  readonly attach: Attachment['kind'];
  /** Equal for QEMUs that were started with the same settings. */
  readonly specDigest: string;
  /** The offset in the console log at which this guest's output begins. */
  readonly consoleOffset: number;
  /** The sockets outside the guest's directory that QEMU leaves behind. */
  readonly sockets: readonly string[];
}

/** The files of a guest, all in its own directory. */
export interface GuestFiles {
  readonly record: string;
  readonly console: string;
  readonly consoleLog: string;
  readonly qmp: string;
  readonly pidFile: string;
  /** The output of QEMU itself. */
  readonly qemuLog: string;
}

/** Returns the paths of the files of the guest in this directory. */
export function guestFilesIn(state: string): GuestFiles {
  return {
    record: join(state, 'guest.json'),
    console: join(state, 'console'),
    consoleLog: join(state, 'console.log'),
    qmp: join(state, 'qmp'),
    pidFile: join(state, 'qemu.pid'),
    qemuLog: join(state, 'qemu.log'),
  };
}

/** Reads a record. Returns undefined if it is missing or invalid; the process can then still be found by the pid file. */
export function readGuestRecord(path: string): GuestRecord | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<Record<keyof GuestRecord, unknown>>;
    const { pid, startTime, bootId, id, mac, attach, specDigest, consoleOffset, sockets } = value;
    if (typeof bootId !== 'string' || typeof mac !== 'string' || typeof specDigest !== 'string') return undefined;
    if (!isCount(pid) || pid < 2 || !isCount(startTime) || !isCount(id) || !isCount(consoleOffset)) return undefined;
    if (!isAttachmentKind(attach)) return undefined;
    if (!Array.isArray(sockets) || !sockets.every((path) => typeof path === 'string')) return undefined;
    return { pid, startTime, bootId, id, mac, attach, specDigest, consoleOffset, sockets };
  } catch {
    return undefined;
  }
}

/** Writes a record atomically. */
export async function writeGuestRecord(path: string, record: GuestRecord): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  await rename(draft, path);
}

/** Removes the files of a guest that has ended. Its console log and QEMU's own output are kept for the user. */
export function removeGuestTraces(files: GuestFiles, sockets: readonly string[]): void {
  for (const path of [...sockets, files.console, files.qmp, files.pidFile, `${files.record}.new`, files.record])
    rmSync(path, { force: true });
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
