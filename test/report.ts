import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Names each test that was skipped, and why: a proof that is missing shall be seen. Writes the counts to the file that
 * `ETHERLOOM_TEST_COUNTS` names, for whoever sums them up.
 */
export class Report implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed++;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state !== 'pending') counts[result.state]++;
        if (result.state === 'skipped')
          console.log(`skipped: ${module.relativeModuleId}: ${test.fullName}: ${result.note ?? 'its name says why'}`);
      }
    }
    const file = process.env['ETHERLOOM_TEST_COUNTS'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
  }
}
