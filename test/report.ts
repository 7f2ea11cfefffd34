import { writeFileSync } from 'node:fs';
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';

/** The results of a run of tests, as test/run.mjs adds them up. */
interface Counts {
  passed: number;
  readonly failed: { readonly name: string; readonly message: string }[];
  readonly skipped: { readonly name: string; readonly reason: string }[];
}

/**
 * Prints each test that was skipped, and why: a proof that is missing shall be seen. Writes the counts, with what each failed test said, to
 * the file that `ETHERLOOM_TEST_COUNTS` names, for test/run.mjs.
 */
export class Report implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const counts: Counts = { passed: 0, failed: errors.map((error) => failure('outside of all tests', error)), skipped: [] };
    for (const module of modules) {
      counts.failed.push(...module.errors().map((error) => failure(module.relativeModuleId, error)));
      for (const test of module.children.allTests()) {
        const result = test.result();
        const name = `${module.relativeModuleId}: ${test.fullName}`;
        if (result.state === 'skipped') counts.skipped.push({ name, reason: result.note ?? reasonIn(test.fullName) });
        else if (result.state === 'failed') counts.failed.push(failure(name, result.errors[0] ?? { message: 'it does not say why' }));
        else if (result.state === 'passed') counts.passed++;
      }
    }
    for (const { name, reason } of counts.skipped) console.log(`skipped: ${name}: ${reason}`);
    const file = process.env['ETHERLOOM_TEST_COUNTS'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
  }
}

/** Returns the name of a test that failed beside what it said and where, without the lines of the test runner itself. */
function failure(name: string, { message, stack = message }: SerializedError): { name: string; message: string } {
  const lines = stack.split('\n').filter((line) => !line.includes('node_modules'));
  return { name, message: lines.join('\n') };
}

/** Returns the reason that `skipIf` leaves in the name of a test or its suite: the part in brackets. */
function reasonIn(name: string): string {
  return /\(([^()]*)\)/.exec(name)?.[1] ?? 'its name says why';
}
