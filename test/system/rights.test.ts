import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withRights, type Rights } from '../../src/system/rights.ts';

const root = process.geteuid?.() === 0;
const onlyRoot = 'only root can take the rights of others';
const nobody: Rights = { uid: 65_534, gid: 65_534, groups: [] };
const own: Rights = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, groups: [] };

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'rights-'));
  chmodSync(directory, 0o777);
  writeFileSync(join(directory, 'secret'), 'secret', { mode: 0o600 });
});
afterAll(() => rmSync(directory, { recursive: true }));

const secret = (): string => readFileSync(join(directory, 'secret'), 'utf8');

describe('with the rights of somebody else', () => {
  it('a file of its own can be read by the same user', () => {
    expect(withRights(own, secret)).toBe('secret');
  });

  it('a file that is not his cannot be read, and that ends with the work', ({ skip }) => {
    skip(!root, onlyRoot);
    expect(() => withRights(nobody, secret)).toThrow(/EACCES/);
    expect(secret()).toBe('secret');
    expect(statSync(`/proc/${process.pid}`).uid).toBe(0);
  });

  it('a file that is made is his', ({ skip }) => {
    skip(!root, onlyRoot);
    const file = join(directory, 'made');
    withRights(nobody, () => writeFileSync(file, ''));
    expect(statSync(file)).toMatchObject({ uid: nobody.uid, gid: nobody.gid });
  });

  it('a file of one of his groups can be read, of none of the others', ({ skip }) => {
    skip(!root, onlyRoot);
    const file = join(directory, 'group');
    writeFileSync(file, 'ours', { mode: 0o640 });
    const read = (groups: number[]): string => withRights({ ...nobody, groups }, () => readFileSync(file, 'utf8'));
    expect(read([0])).toBe('ours');
    expect(() => read([1])).toThrow(/EACCES/);
  });

  it('the rights end though the work throws', ({ skip }) => {
    skip(!root, onlyRoot);
    const broken = (): never => {
      throw new Error('broken');
    };
    expect(() => withRights(nobody, broken)).toThrow('broken');
    expect(secret()).toBe('secret');
    expect(process.getgroups?.()).toContain(0);
  });
});
