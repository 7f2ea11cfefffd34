// A Linux kernel module is an ELF file; its section .modinfo holds `name=value` strings, each followed by a zero [ELF-64 Object File
// Format, 1.5].
//
//   ELF header                          section header (e_shentsize octets each, from e_shoff)
//   0  7f 45 4c 46                      0  sh_name: offset of its name in the section of names
//   4  class (2: 64 bit)               24  sh_offset (64 bit)
//   5  data (1: little endian)         32  sh_size   (64 bit)
//   40  e_shoff (64 bit)
//   58  e_shentsize, 60 e_shnum, 62 e_shstrndx: index of the section with the names

/** The description in a kernel module. Names have underscores, while file names may have dashes instead. */
export interface ModuleInfo {
  readonly name: string;
  /** The modules that must be loaded before it. */
  readonly depends: readonly string[];
}

/** Reads the name and the dependencies of a 64-bit little-endian kernel module. Returns undefined if `elf` is not such a module. */
export function readModuleInfo(elf: Uint8Array): ModuleInfo | undefined {
  const section = sectionNamed(elf, '.modinfo');
  if (section === undefined) return undefined;
  const values = new Map<string, string>();
  for (const line of Buffer.from(section).toString('latin1').split('\0')) {
    const equals = line.indexOf('=');
    if (equals > 0) values.set(line.slice(0, equals), line.slice(equals + 1));
  }
  const name = values.get('name');
  if (name === undefined) return undefined;
  const depends = values.get('depends') ?? '';
  return { name: moduleName(name), depends: depends === '' ? [] : depends.split(',').map(moduleName) };
}

/** Returns the name by which modules refer to each other. The kernel treats dashes and underscores as equal. */
export function moduleName(name: string): string {
  return name.replaceAll('-', '_');
}

function sectionNamed(elf: Uint8Array, wanted: string): Uint8Array | undefined {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  if (elf.length < 64 || view.getUint32(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) return undefined;
  const table = Number(view.getBigUint64(40, true));
  const entrySize = view.getUint16(58, true);
  const count = view.getUint16(60, true);
  if (entrySize < 64 || table + count * entrySize > elf.length) return undefined;
  const sectionAt = (index: number): { name: number; contents: Uint8Array } | undefined => {
    if (index >= count) return undefined;
    const at = table + index * entrySize;
    const offset = Number(view.getBigUint64(at + 24, true));
    const size = Number(view.getBigUint64(at + 32, true));
    return { name: view.getUint32(at, true), contents: elf.subarray(offset, offset + size) };
  };
  const names = sectionAt(view.getUint16(62, true))?.contents;
  if (names === undefined) return undefined;
  const text = Buffer.from(`${wanted}\0`, 'latin1');
  for (let index = 0; index < count; index++) {
    const section = sectionAt(index);
    if (section !== undefined && text.equals(names.subarray(section.name, section.name + text.length))) return section.contents;
  }
  return undefined;
}
