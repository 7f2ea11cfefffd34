/** The facts about a guest's end. */
export interface GuestDeath {
  /** True if its first process ran. */
  readonly booted: boolean;
  /** QEMU's reason for the guest's own shutdown (`guest-reset`); empty if there was none. */
  readonly shutdown: string;
  /** How QEMU ended; empty if that is not known. */
  readonly ending: string;
  /** The last lines of its console. */
  readonly lastLines: readonly string[];
}

/** Returns why a guest ended, for people: the kernel's own words if it panicked. */
export function reasonOfDeath({ booted, shutdown, ending, lastLines }: GuestDeath): string {
  const panic = lastLines
    .map((line) => /Kernel panic - not syncing: (.*?)(?: \]---)?\s*$/.exec(line)?.[1])
    .find((text) => text !== undefined);
  if (panic !== undefined) return `its kernel panicked: ${panic}${booted ? '' : moreMemory}`;
  if (shutdown === '') return ending === '' ? 'QEMU is gone' : ending;
  return booted ? `the guest ended itself (${shutdown})` : `the guest ended before its first process ran (${shutdown})${moreMemory}`;
}

const moreMemory = '; if it has too little memory, give it more with --memory';
