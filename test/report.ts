import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** What a run of tests came to, as test/run.mjs adds it up. */
interface Counts {
  passed: number;
  failed: number;
  readonly skipped: { readonly name: string; readonly reason: string }[];
}

/**
 * Prints each test that was skipped, and why: a proof that is missing shall be seen. Writes the counts to the file that
 * `ETHERLOOM_TEST_COUNTS` names, for test/run.mjs.
 */
export class Report implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts: Counts = { passed: 0, failed: errors.length, skipped: [] };
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed++;
      for (const test of module.children.allTests()) {
        const result = test.result();
        const name = `${module.relativeModuleId}: ${test.fullName}`;
        if (result.state === 'skipped') counts.skipped.push({ name, reason: result.note ?? reasonIn(test.fullName) });
        else if (result.state !== 'pending') counts[result.state]++;
      }
    }
    for (const { name, reason } of counts.skipped) console.log(`skipped: ${name}: ${reason}`);
    const file = process.env['ETHERLOOM_TEST_COUNTS'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
  }
}

/** Returns the reason that `skipIf` leaves to the name of a test or its suite: what is in its brackets. */
function reasonIn(name: string): string {
  return /\(([^()]*)\)/.exec(name)?.[1] ?? 'its name says why';
}
