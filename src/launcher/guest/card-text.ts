/** The words by which a user attaches a QEMU of their own. */
import { cardArguments, type Card } from './attachment.ts';

/** Returns QEMU's arguments for a card, as words of a shell. */
export function qemuWords(card: Card): string {
  return cardArguments(card).map(shellWord).join(' ');
}

/**
 * Returns the element of a libvirt domain for a card. The `interface` element of libvirt has no unix sockets, so the arguments are handed
 * through to QEMU: it stands in `domain` itself, beside `devices`. The card names its slot, since QEMU would give it the first one, which
 * libvirt gives to a device of its own.
 */
export function libvirtElement(card: Card): string {
  const [last = '', ...others] = cardArguments(card).reverse();
  const args = [...others.reverse(), `${last},${slot}`].map((value) => `<qemu:arg value="${xmlText(value)}"/>`);
  return `<qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">${args.join('')}</qemu:commandline>`;
}

/** A slot of the machines `pc`, `q35` and `virt` that libvirt, which begins with the lowest ones, leaves free. */
const slot = 'addr=0x10';

/** Quotes a word if a shell would read it otherwise. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
