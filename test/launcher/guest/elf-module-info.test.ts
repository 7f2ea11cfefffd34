import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readModuleInfo } from '../../../src/launcher/guest/elf-module-info.ts';

/** Returns the smallest ELF file with these sections; the one of names comes last. */
function elf(sections: Record<string, string>): Uint8Array {
  const all = Object.entries({ '': '', ...sections, '.shstrtab': '' });
  const names = Buffer.from(all.map(([name]) => `${name}\0`).join(''), 'latin1');
  const contents = all.map(([name, text]) => (name === '.shstrtab' ? names : Buffer.from(text, 'latin1')));
  const table = 64 + contents.reduce((sum, part) => sum + part.length, 0);
  const file = Buffer.alloc(table + all.length * 64);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeBigUInt64LE(BigInt(table), 40);
  file.writeUInt16LE(64, 58);
  file.writeUInt16LE(all.length, 60);
  file.writeUInt16LE(all.length - 1, 62);
  let [at, nameAt] = [64, 0];
  for (const [index, part] of contents.entries()) {
    file.set(part, at);
    file.writeUInt32LE(nameAt, table + index * 64);
    file.writeBigUInt64LE(BigInt(at), table + index * 64 + 24);
    file.writeBigUInt64LE(BigInt(part.length), table + index * 64 + 32);
    at += part.length;
    nameAt += (all[index]?.[0].length ?? 0) + 1;
  }
  return file;
}

describe('readModuleInfo', () => {
  it('gives a module its name and what it depends on, dashes made underscores', () => {
    const info = 'license=GPL\0depends=virtio,net-failover\0intree=Y\0name=virtio-net\0';
    expect(readModuleInfo(elf({ '.text': 'code', '.modinfo': info }))).toEqual({ name: 'virtio_net', depends: ['virtio', 'net_failover'] });
  });

  it('gives a module that needs nothing no dependencies', () => {
    expect(readModuleInfo(elf({ '.modinfo': 'depends=\0name=virtio\0' }))).toEqual({ name: 'virtio', depends: [] });
  });

  it('is undefined for an ELF file that is not a module', () => {
    expect(readModuleInfo(elf({ '.text': 'name=virtio\0' }))).toBeUndefined();
  });

  it('never throws on damaged files', () => {
    const module = elf({ '.modinfo': 'depends=a,b\0name=c\0' });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(module.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.nat(module.length),
        (changes, length) => {
          const damaged = new Uint8Array(module);
          for (const [at, value] of changes) damaged[at] = value;
          readModuleInfo(damaged.subarray(0, length));
        },
      ),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => readModuleInfo(bytes) === undefined));
  });
});
