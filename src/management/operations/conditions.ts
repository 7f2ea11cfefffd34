import { isForUser } from '../../errors.ts';
import { formatQuality, parseQuality } from '../../impairment/impairment-text.ts';
import { Refusal, sets } from '../operation.ts';
import { onPort, refusalOf, type OnPort } from './on-port.ts';

/** Takes a port down, or up again. */
export const setUp = sets(
  'port.setup',
  'take a port down, so that it carries no frames, or up again',
  ({ ports }, { port, up }: OnPort & { readonly up: boolean }) => refusalOf(ports.setCondition(port, { up })),
);

/**
 * Impairs the frames of a port by words such as `loss 5, delay 20+5`; `off` ends the impairment. Returns the impairment in words; without
 * words it stays unchanged.
 */
export const impairPort = sets(
  'port.impair',
  'impair the frames of a port, or show its impairment',
  (managed, { port, words = '' }: OnPort & { readonly words?: string | undefined }): string | Refusal => {
    const impairment = words === '' || words === 'off' ? undefined : impairmentOf(words);
    if (impairment instanceof Refusal) return impairment;
    const refusal = words === '' ? undefined : refusalOf(managed.ports.setCondition(port, { impairment }));
    return refusal ?? onPort(managed, port, ({ condition }) => (condition.impairment ? formatQuality(condition.impairment) : 'off'));
  },
);

function impairmentOf(words: string): ReturnType<typeof parseQuality> | Refusal {
  try {
    return parseQuality(words);
  } catch (error) {
    if (!isForUser(error)) throw error;
    return new Refusal('EINVAL', error.message);
  }
}
