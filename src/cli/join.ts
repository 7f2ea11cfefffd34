import { readFileSync } from 'node:fs';
import { EtherloomError } from '../errors.ts';
import { parseInvitation, type JoinInvitation } from '../star/invitation.ts';
import { lineVariable } from './line-text.ts';
import { runJoinedSlave, type SlaveArguments } from './slave.ts';

/** The options of `etherloom join`, as commander parses them. */
export interface JoinArguments extends Omit<SlaveArguments, 'master' | 'control' | 'printQemu'> {
  readonly only: boolean;
  readonly newMaster: boolean;
  readonly ephemeral: boolean;
  readonly name?: string;
}

/** Implements `etherloom join`: a host joins a star, and runs its slave. Returns the exit status. */
export function runJoin(line: string | undefined, given: JoinArguments): Promise<number> {
  const invitation = invitationOf(line);
  if (given.newMaster && !invitation) {
    throw new EtherloomError(
      'bad-option',
      '--new-master has no effect without the line of the new master; give it: etherloom join LINE --new-master',
    );
  }
  const { newMaster, name, only, ephemeral } = given;
  if (ephemeral) checkEphemeral(given, invitation);
  return runJoinedSlave(given, { invitation, newMaster, name, only, ephemeral });
}

/** Throws EtherloomError('bad-option') for what an ephemeral slave cannot do, since it keeps nothing. */
function checkEphemeral({ only, newMaster }: JoinArguments, invitation: JoinInvitation | undefined): void {
  if (!invitation)
    throw new EtherloomError('bad-option', '--ephemeral needs the line at each start, since nothing is kept; give it: etherloom join LINE');
  if (only || newMaster)
    throw new EtherloomError(
      'bad-option',
      `--${only ? 'only' : 'new-master'} has no effect with --ephemeral, which keeps nothing; leave out one`,
    );
}

/** Returns what the line says: from the argument, standard input or the environment; undefined without one. */
function invitationOf(argument: string | undefined): JoinInvitation | undefined {
  const line = argument === '-' ? readFileSync(0, 'utf8') : (argument ?? process.env[lineVariable]);
  // Children do not need it, and the environment of a process can be read by others of its user.
  Reflect.deleteProperty(process.env, lineVariable);
  return line === undefined ? undefined : parseInvitation(line);
}
