import type { Namespace } from '../harness/namespace.ts';

/** Drops all packets of a namespace from and to an address, those that it forwards, too. */
export async function cut(namespace: Namespace, address: string): Promise<void> {
  const rules = `ip saddr ${address} drop\nip daddr ${address} drop`;
  const chains = ['input', 'forward', 'output'].map((hook) => `chain ${hook} {\ntype filter hook ${hook} priority 0\n${rules}\n}`);
  await namespace.sh(`nft 'table ip ${tableOf(address)} {\n${chains.join('\n')}\n}'`);
}

/** Ends that. */
export async function mend(namespace: Namespace, address: string): Promise<void> {
  await namespace.sh(`nft delete table ip ${tableOf(address)}`);
}

function tableOf(address: string): string {
  return `cut_${address.replaceAll('.', '_')}`;
}
