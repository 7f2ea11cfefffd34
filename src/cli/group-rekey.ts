import { cleanText } from '../clean-text.ts';
import { EtherloomError } from '../errors.ts';
import type { NextPinView, PinlessMemberView, RekeyView } from '../management/parts/group.ts';
import { clientOf, groupRoles, type ServiceArguments } from './chosen-service.ts';
import { jsonLine } from './json-text.ts';
import { print } from './print.ts';

/** The options of `etherloom group rekey`. */
export interface RekeyArguments extends ServiceArguments {
  readonly now: boolean;
  readonly cancel: boolean;
}

/** Implements `etherloom group rekey`. Throws EtherloomError('bad-option') for both options, and the errors of `clientOf` and ApiClient. */
export async function runRekey(given: RekeyArguments): Promise<void> {
  const { now, cancel } = given;
  if (now && cancel) throw new EtherloomError('bad-option', '--now and --cancel contradict each other; give one of them');
  const how = now ? 'now' : cancel ? 'cancel' : undefined;
  const outcome = (await clientOf(given, groupRoles).run('POST', 'group.rekey', how && { how })) as RekeyView;
  print(given.json ? jsonLine(outcome) : `${rekeyLines(outcome).join('\n')}\n`);
}

/** Returns the lines about a change of the master's key, for `etherloom group` and `etherloom status`; none if there is none. */
export function nextPinLines(change: NextPinView | undefined, role: 'master' | 'slave'): readonly string[] {
  if (!change) return [];
  const { pins, disputed, missing } = change;
  if (role === 'master')
    return [`the key of this master is being changed: the next pin is ${pins.join(', ')}`, ...missing.map(missingText)];
  if (!disputed) return [`the master has told its next pin, ${pins.join(', ')}: this host takes it once the master proves it`];
  return [
    `this host was told different new pins of its master, one of them by a thief of its key: ${pins.join(', ')}`,
    'it takes none of them; if the master has changed its key, join by its new line: etherloom join LINE --new-master',
  ];
}

function rekeyLines({ state, pin, missing, revoked }: RekeyView): readonly string[] {
  if (state === 'cancelled') return ['the master keeps its key; its members keep the next pin in mind, for a later change'];
  if (state === 'telling') {
    const rest = `${missing.length} of the members ${missing.length === 1 ? 'does' : 'do'} not have it yet`;
    return [
      `the next pin of this master is ${pin}; ${rest}`,
      ...missing.map(missingText),
      'The key is changed when all have it. Change it at once by: etherloom group rekey --now; or not at all: etherloom group rekey --cancel',
    ];
  }
  return [
    `this master has a new key: its pin is ${pin}`,
    ...missing.map(({ id, name }) => `member ${id}, ${cleanText(name)}, must join again: etherloom join LINE --new-master`),
    ...(revoked === 0
      ? []
      : [
          `${revoked} ${revoked === 1 ? 'token is' : 'tokens are'} revoked, with lines of the old pin; make new ones by: etherloom token new`,
        ]),
  ];
}

const reasons: Readonly<Record<PinlessMemberView['why'], string>> = {
  away: 'it is not connected',
  disputed: 'it was told another one, too, by a thief of the key, and takes neither',
  unconfirmed: 'it was told, and has not confirmed it yet; versions that do not know how never do',
};

function missingText({ id, name, why }: PinlessMemberView): string {
  return `member ${id}, ${cleanText(name)}, does not have the next pin: ${reasons[why]}`;
}
