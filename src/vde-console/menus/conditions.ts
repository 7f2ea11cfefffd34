import { isForUser } from '../../errors.ts';
import type { PortCondition } from '../../impairment/condition.ts';
import { formatQuality, parseQuality } from '../../impairment/impairment-text.ts';
import { command, plainMenu, query, type Call, type Menu } from '../command.ts';
import type { Managed } from '../../management/managed.ts';
import type { Status } from '../../management/status.ts';
import { padded } from '../text.ts';
import { ended } from './ports.ts';

/** How ports carry frames: they are taken down and up, and impaired. */
export function conditionMenu(managed: Managed): Menu {
  const turn =
    (up: boolean) =>
    ({ argument }: Call) => {
      const number = portNumber(argument);
      return number === undefined ? 'EINVAL' : ended(managed.ports.setCondition(number, { up }));
    };
  return plainMenu(
    command('port/down', 'N', 'take the port down: it carries no frames, whoever is there', turn(false)),
    command('port/up', 'N', 'take the port up again', turn(true)),
    query('port/impair', 'N [WORDS/off]', 'impair the frames of the port, as in loss 5, delay 20+5', (call) => impair(managed, call)),
  );
}

function impair({ ports }: Managed, { argument, print }: Call): Status {
  const [, digits = '', words = ''] = /^(\S+)\s*(.*?)\s*$/s.exec(argument) ?? [];
  const number = portNumber(digits);
  if (number === undefined) return 'EINVAL';
  if (words !== '') {
    const impairment = words === 'off' ? 'off' : readImpairment(words, print);
    if (impairment === undefined) return 'EINVAL';
    const status = ended(ports.setCondition(number, { impairment: impairment === 'off' ? undefined : impairment }));
    if (status !== 'success') return status;
  }
  const port = ports.get(number);
  if (!port) return number < ports.numports ? 'ENXIO' : 'EINVAL';
  const { impairment } = port.condition;
  print(`Port ${padded(number)} ${impairment ? formatQuality(impairment) : 'off'}`);
  return 'success';
}

/** The impairment in words. Undefined when they are not valid; then it says why. */
function readImpairment(words: string, print: Call['print']): PortCondition['impairment'] {
  try {
    return parseQuality(words);
  } catch (error) {
    if (!isForUser(error)) throw error;
    print(error.message);
    return undefined;
  }
}

/** The number in an argument that is one number and nothing else. */
function portNumber(argument: string): number | undefined {
  return /^\d{1,5}\s*$/.test(argument) ? Number(argument) : undefined;
}
