/** A connection in a crowd, as far as its place depends on it. */
export interface Guest {
  /** `silent` until its request is read; then `turned` if it was not let in, `public` if others than the operator may ask that, else `known`. */
  readonly standing: 'silent' | 'turned' | 'public' | 'known';
  /** Its user or its host: all its connections count together. */
  readonly origin: string;
}

/**
 * Returns the connection that makes room for a new one; undefined if all are known. One that was turned away goes first, since it has its
 * answer. Then the oldest of the origin that has the most: a client that opens many pushes out its own. `guests` come the oldest first.
 */
export function firstToGo<Each extends Guest>(guests: readonly Each[]): Each | undefined {
  const turned = guests.find(({ standing }) => standing === 'turned');
  if (turned) return turned;
  const strangers = guests.filter(({ standing }) => standing !== 'known');
  const counts = new Map<string, number>();
  for (const { origin } of strangers) counts.set(origin, (counts.get(origin) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return strangers.find(({ origin }) => counts.get(origin) === most);
}
