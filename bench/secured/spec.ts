/** The task of a node with one link. */
export interface SecuredSpec {
  /** The VDE directory. */
  readonly directory: string;
  /** The name of a TAP interface that it makes. Default: none. */
  readonly tap?: string;
  readonly way: 'secured' | 'plain';
  /** Where the far end listens, and its pin, as it has printed both. Without them, this one listens. */
  readonly address?: string;
  readonly pin?: string;
}
