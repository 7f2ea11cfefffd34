import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { durabilityArguments } from '../../bench/durability/arguments.ts';
import { Claims } from '../../bench/durability/claims.ts';
import { clientMac } from '../../bench/dhcp/spec.ts';
import { leaseKind, type LeaseJournalContent } from '../../src/dhcp/disk/lease-journal.ts';
import { journalHeader, journalLine, readJournal } from '../../src/disk/journal-format.ts';
import type { LeaseRecord } from '../../src/dhcp/lease-record.ts';
import { ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { macFromNumber } from '../../src/wire/mac.ts';

interface Ended {
  readonly stdout: string;
  readonly code?: number;
}

/** Runs the proof; the state of the machine must not matter, so its time is long. */
function run(...args: readonly string[]): Promise<Ended> {
  const command = ['bench/durability/start.mjs', '--as-built', ...args];
  return promisify(execFile)(process.execPath, command).catch((error: unknown) => error as Ended);
}

describe('the proof that no lease is lost', { timeout: 180_000 }, () => {
  it('holds for a switch that is killed', async () => {
    const { stdout, code } = await run('--kills', '2', '--seed', '7');
    expect(stdout).toMatch(/^the seed is 7$/m);
    expect(stdout).toMatch(/^2 kills, [1-9]\d* ACKs, [1-9]\d* leases found after kills/m);
    expect(stdout).toMatch(/^no lease was lost, and none was given to two$/m);
    expect(code).toBeUndefined();
  });

  it('finds leases that the journal has lost', async () => {
    const { stdout, code } = await run('--kills', '10', '--seed', '7', '--cut', '100');
    expect(stdout).toMatch(
      /^WRONG: client \d+ has 10\.77\.\d+\.\d+; (the journal has it (not at all|released|forgotten)|in the journal it)/m,
    );
    expect(stdout).toMatch(/^NOT DURABLE: --seed 7$/m);
    expect(code).toBe(1);
  });
});

describe('claims of clients', () => {
  const claim = { client: 1, address: 0x0a4d_0105, server: 0x0a4d_0001, until: 1_700_003_600 };
  const record: LeaseRecord = {
    address: ipv4FromNumber(claim.address),
    state: 'bound',
    key: 'a',
    mac: macFromNumber(clientMac(claim.client)),
    since: 1_700_000_000,
    duration: 3600,
  };
  const journal = (...records: readonly LeaseRecord[]): LeaseJournalContent =>
    readJournal(leaseKind, Buffer.concat([journalHeader(leaseKind), ...records.map((one) => journalLine(leaseKind, [one]))]));
  const granted = (): Claims => {
    const claims = new Claims();
    expect(claims.grant(claim)).toBeUndefined();
    return claims;
  };

  it('are granted again to the same client, and to no other until it gives them up', () => {
    const claims = granted();
    expect(claims.grant({ ...claim, until: claim.until + 1 })).toBeUndefined();
    expect(claims.grant({ ...claim, client: 2 })).toBe('10.77.1.5 was given to client 2, and client 1 has it');
    expect(claims.grant({ ...claim, address: claim.address + 1 })).toBe('client 1 has 10.77.1.5, and was given 10.77.1.6');
    claims.giveUp(claim);
    expect(claims.size).toBe(0);
    expect(claims.grant({ ...claim, client: 2 })).toBeUndefined();
  });

  it('are in a journal that has them, a second of rounding apart', () => {
    expect(granted().missingFrom(journal(record))).toEqual([]);
    expect(granted().missingFrom(journal({ ...record, since: record.since - 1 }))).toEqual([]);
  });

  it.each<[string, readonly LeaseRecord[]]>([
    ['has another address', [{ ...record, address: ipv4FromNumber(1) }]],
    ['has the lease as released later', [record, { ...record, state: 'released' }]],
    ['has forgotten it later', [record, { ...record, state: 'forgotten' }]],
    ["has it as another client's", [{ ...record, mac: macFromNumber(5) }]],
    ['ends it before its time', [{ ...record, since: record.since - 2 }]],
  ])('are missing from one that %s', (_, records) => {
    expect(granted().missingFrom(journal(...records))).toHaveLength(1);
  });
});

describe('the arguments of npm run durability', () => {
  it('are 200 kills by a seed of the time, unless told otherwise', () => {
    expect(durabilityArguments([], 5)).toEqual({ kills: 200, seed: 5, clients: 400, cut: 0 });
    expect(durabilityArguments(['--kills', '5', '--seed=9', '--clients', '100', '--cut', '3'], 5)).toEqual({
      kills: 5,
      seed: 9,
      clients: 100,
      cut: 3,
    });
  });

  it.each([['--kills', '0'], ['--kills', 'x'], ['--seed', '-1'], ['--clients', '5'], ['--clients', '5000'], ['--unknown'], ['5']])(
    'are refused when they make no sense: %s %s',
    (...args) => {
      expect(() => durabilityArguments(args, 5)).toThrow();
    },
  );
});
