import type { Reporter, TestModule } from 'vitest/node';

/** Names each test that was skipped, and why: a proof that is missing shall be seen. */
class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        const note = result.state === 'skipped' ? result.note : undefined;
        console.log(`skipped: ${module.relativeModuleId}: ${test.fullName}: ${note ?? 'no reason given'}`);
      }
    }
  }
}

export default SkipReporter;
