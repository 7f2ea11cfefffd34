import { claimStandardError } from '../system/claim.ts';
import { printError } from './print.ts';

export { leave } from './leave.ts';

/** `etherloom`: argv in, exit code out. Packages that it loads ask for `process.stderr`, so that is claimed before. */
export async function runEtherloom(argv: readonly string[]): Promise<number> {
  claimStandardError(printError);
  const { runEtherloom } = await import('./etherloom.ts');
  return runEtherloom(argv);
}
