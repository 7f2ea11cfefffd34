/** A QEMU, with the results of a probe. */
export interface Qemu {
  /** The program, as given or found. */
  readonly program: string;
  /** Its version: `7.2.22`. */
  readonly version: string;
  /** The netdevs to which a network card can be attached. */
  readonly netdevs: ReadonlySet<string>;
}
