/** `npm run rooms`: writes docs/rooms.svg. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readHouse, root } from './house.ts';
import { drawHouse } from './picture.ts';

writeFileSync(join(root, 'docs/rooms.svg'), drawHouse(readHouse()));
