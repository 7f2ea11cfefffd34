/** Writes docs/openapi.json: npm run openapi. */
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { openApi } from '../../src/http/openapi.ts';

writeFileSync('docs/openapi.json', await format(JSON.stringify(openApi()), { parser: 'json', printWidth: 140 }));
