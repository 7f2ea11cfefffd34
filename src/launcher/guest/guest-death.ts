/** The facts about a guest's end. */
export interface GuestDeath {
  /** True if its first process ran. */
  readonly booted: boolean;
  /** QEMU's reason for the guest's own shutdown (`guest-reset`); empty if there was none. */
  readonly shutdown: string;
  /** How QEMU ended; empty if it is not known. */
  readonly ending: string;
  /** The last lines of its console. */
  readonly lastLines: readonly string[];
}

/** Returns the reason why a guest ended, for messages. After a panic, it is the kernel's own message. */
export function reasonOfDeath({ booted, shutdown, ending, lastLines }: GuestDeath): string {
  const panic = lastLines
    .map((line) => /Kernel panic - not syncing: (.*?)(?: \]---)?\s*$/.exec(line)?.[1])
    .find((text) => text !== undefined);
  if (panic !== undefined) return `its kernel panicked: ${panic}${booted ? '' : moreMemory}`;
  if (shutdown === '') return ending === '' ? 'QEMU is gone' : ending;
  return booted ? `the guest ended itself (${shutdown})` : `the guest ended before its first process ran (${shutdown})${moreMemory}`;
}

const moreMemory = '; if it has too little memory, give it more with --memory';
