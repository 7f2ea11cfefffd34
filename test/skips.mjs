/**
 * Which tests may be skipped. A proof that is missing shall be seen: each skip is printed with its reason. In CI one is a failure, except
 * that an ordinary user cannot have what only root has, or what the devices of the machine are kept from.
 */

/** Rights and devices that an ordinary user may lack, as reasons name them. */
const withheld = [/\bonly root\b/, /\bneeds root\b/, /\/dev\/net\/tun\b/, /\/dev\/kvm\b/];

/** Returns whether a reason to skip a test is the lack of a right or of a device. */
export const isWithheld = (reason) => withheld.some((pattern) => pattern.test(reason));

/** Returns those skips, `{ name, reason }` each, that are failures in CI: for root all of them. */
export function forbiddenSkips(skips, { root = process.getuid() === 0 } = {}) {
  return root ? skips : skips.filter(({ reason }) => !isWithheld(reason));
}

/** Prints skips, a line each. */
export function printSkips(skips) {
  for (const { name, reason } of skips) console.log(`skipped: ${name}: ${reason}`);
}
