import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServiceManager } from '../../src/daemon/service-manager.ts';
import { NotifySocket } from './notify-socket.ts';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'el-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('a service manager', () => {
  it('is told that the service serves, its state when that changes, and its end', async () => {
    const socket = new NotifySocket(join(directory, 'notify'));
    const manager = ServiceManager.find(socket.path);
    manager?.status('seeks the master\u001b[2J\nREADY=1');
    manager?.status('seeks the master\u001b[2J\nREADY=1');
    manager?.ready();
    manager?.stopping();
    await socket.says(/^STOPPING/);
    expect(socket.heard).toEqual(['STATUS=seeks the master?[2J?READY=1', 'READY=1', 'STOPPING=1']);
  });

  it('is none without the variable, or with one that names no unix socket', () => {
    for (const path of [undefined, '', '/', 'vsock:2:1234']) expect(ServiceManager.find(path)).toBeUndefined();
  });

  it('that does not listen is passed over', () => {
    expect(() => ServiceManager.find(join(directory, 'nobody'))?.ready()).not.toThrow();
    expect(() => ServiceManager.find('@etherloom-nobody-listens')?.ready()).not.toThrow();
  });
});
