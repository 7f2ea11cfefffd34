/**
 * Characters that must not reach a terminal, a log or a table: control characters (they move the cursor, and begin escape sequences and
 * lines), format characters (they reverse the order of text, or are invisible), the separators of lines and paragraphs, and halves of
 * surrogate pairs.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Returns text of others so that people can be shown it: in one line, without characters that affect their terminal or the text around it
 * (each becomes `?`), and not longer than `most` characters, the last of which is then `…`. Text that came over a wire has to pass here
 * before it is shown or logged: refusals, names, descriptions, quotes.
 *
 * Tables and messages still have to set it apart: it may contain spaces and quotation marks.
 */
export function cleanText(text: string, most = 200): string {
  // Characters of two units are counted as two, so that the time does not depend on the length of the text.
  const [first, cut] = text.length > most ? [text.slice(0, most - 1), '…'] : [text, ''];
  return first.replace(unsafe, '?') + cut;
}
