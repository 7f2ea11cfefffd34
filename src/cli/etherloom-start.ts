import { claimStandardError } from '../system/claim.ts';
import { printError } from './print.ts';

export { leave } from './leave.ts';

/**
 * Runs `etherloom` with these arguments, and returns the exit code. Standard error is claimed before packages are loaded that use
 * `process.stderr`.
 */
export async function runEtherloom(argv: readonly string[]): Promise<number> {
  claimStandardError(printError);
  const { runEtherloom } = await import('./etherloom.ts');
  return runEtherloom(argv);
}
