// Lets a child process of a test run the sources as they are: `node --import ./test/typescript.mjs child.ts`.
import { register } from 'node:module';

register('./typescript-loader.mjs', import.meta.url);
