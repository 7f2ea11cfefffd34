/** `npm run api`: writes docs/api.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiPage } from './api-page.ts';
import { root } from './main-exports.ts';

writeFileSync(join(root, 'docs/api.md'), apiPage());
