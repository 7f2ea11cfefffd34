/** Writes far more to standard error than an unread one takes, and ends with 0 if that did not wait. */
import { outletsFlushed } from '../../src/system/outlet.ts';
import { standardError } from '../../src/system/standard-streams.ts';

const began = performance.now();
for (let i = 0; i < 20_000; i++) standardError().write(`${i} ${'x'.repeat(90)}\n`);
const took = performance.now() - began;
await outletsFlushed(300);
process.exit(took < 5000 ? 0 : 1);
