/**
 * A cable between two switches: a client on each, whose frames go to the other.
 */
import { Client, portWord } from './peer.mjs';

/** A cable that carries frames until it is cut, or the test ends. */
export class Cable {
  /** Plugs it into two ports, each named by directory and number. */
  static async plug(t, [fromDirectory, fromPort], [toDirectory, toPort]) {
    const cable = new Cable();
    cable.ends = [await Client.joined(t, fromDirectory, portWord(fromPort)), await Client.joined(t, toDirectory, portWord(toPort))];
    t.teardown(() => cable.cut());
    cable.#carry();
    return cable;
  }

  /** How many frames it carried that were not for bridges. */
  carried = 0;
  #timer;

  #carry() {
    const [a, b] = this.ends;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ])
      // So many at a time: a storm must leave room for the rest.
      for (let i = 0, octets = from.poll(); octets !== undefined && i < 100; i++, octets = from.poll()) {
        to.send(octets);
        if (octets[0] !== 0x01) this.carried += 1;
      }
    this.#timer = setTimeout(() => this.#carry(), 1);
  }

  /** Takes it out of both switches. */
  async cut() {
    clearTimeout(this.#timer);
    for (const end of this.ends) await end.leave();
  }
}
