/** A list of opened resources, which are released in reverse order: at the end of a service, or when its opening fails. */
export class Scope implements AsyncDisposable {
  readonly #releases: (() => unknown)[] = [];

  /** Takes over a resource and returns it. */
  use<Resource extends Disposable | AsyncDisposable>(resource: Resource): Resource {
    this.#releases.push(() => (Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose]()));
    return resource;
  }

  /** Calls `release` at the end. */
  defer(release: () => unknown): void {
    this.#releases.push(release);
  }

  /** Releases all, even if one release fails. The first failure is thrown afterwards. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let release = this.#releases.pop(); release; release = this.#releases.pop()) {
      try {
        await release();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** Opens a service in a scope of its own. If `open` fails, the resources in the scope are released. */
export async function inScope<Resource>(open: (scope: Scope) => Promise<Resource>): Promise<Resource> {
  const scope = new Scope();
  try {
    return await open(scope);
  } catch (error) {
    await scope[Symbol.asyncDispose]();
    throw error;
  }
}
