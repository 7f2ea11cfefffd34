/** Reads the house: the rooms of `src/`, and their imports. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The root of the repository. */
export const root = join(import.meta.dirname, '../..');

/** The sources. */
export const source = join(root, 'src');

/** The rooms that run in a browser and in virtual time. `npm test -- --without-pure` leaves out their tests. */
export const pureRooms = JSON.parse(readFileSync(join(root, 'test/pure-rooms.json'), 'utf8')) as readonly string[];

/** Rooms within a room that have rules of their own. */
const innerRooms = ['lab/node', 'page/browser', 'ports/pure', 'dhcp/disk', 'management/schemas', 'star/node'];

/** A folder of `src/`. */
export interface Room {
  readonly name: string;
  readonly files: number;
  readonly lines: number;
  readonly pure: boolean;
  /** The other rooms that its files import. */
  readonly imports: ReadonlySet<string>;
}

/** All of `src/`. */
export interface House {
  readonly rooms: ReadonlyMap<string, Room>;
  /** The files that stand in no room, which every room may import: `clock`, `errors` … */
  readonly foundations: readonly string[];
}

/** Returns the files of `src/`, as `lab/lab.ts`. */
export function sourceFiles(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort();
}

/** Returns the room of a file; a file that stands in none is its own. */
export function roomOf(file: string): string {
  return innerRooms.find((inner) => file.startsWith(`${inner}/`)) ?? file.split('/')[0] ?? '';
}

/** Returns what a file imports, packages and files alike, by what stands behind `from`. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;]*?\bfrom '([^']+)'|\bimport\('([^']+)'\)|(?:^|\n)import '([^']+)'/g)].map(
    ([, a, b, c]) => a ?? b ?? c ?? '',
  );
}

/** Returns the file of `src/` that `file` imports by `specifier`. */
export function importedFile(file: string, specifier: string): string {
  return relative(source, join(source, file, '..', specifier));
}

/** Reads all files. */
export function readHouse(): House {
  const rooms = new Map<string, { name: string; files: number; lines: number; pure: boolean; imports: Set<string> }>();
  const files = sourceFiles();
  for (const file of files.filter((name) => name.includes('/'))) {
    const name = roomOf(file);
    const room = rooms.get(name) ?? { name, files: 0, lines: 0, pure: pureRooms.includes(name), imports: new Set<string>() };
    rooms.set(name, room);
    const text = readFileSync(join(source, file), 'utf8');
    room.files++;
    room.lines += text.split('\n').length - 1;
    for (const imported of importedRooms(file, text)) if (imported !== name) room.imports.add(imported);
  }
  return { rooms, foundations: files.filter((name) => !name.includes('/')).map((name) => name.replace('.ts', '')) };
}

/** Returns the rooms of the files that a file imports, foundations left out. */
function importedRooms(file: string, text: string): string[] {
  const own = importsOf(text).filter((specifier) => specifier.startsWith('.'));
  return own
    .map((specifier) => importedFile(file, specifier))
    .filter((imported) => imported.includes('/'))
    .map(roomOf);
}
