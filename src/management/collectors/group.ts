import type { Collector, Emit } from '../metrics.ts';
import type { GroupMemberView, GroupPart, MemberState, ShortcutView } from '../parts/group.ts';

const states: readonly MemberState[] = ['waiting', 'away', 'joined', 'linked', 'suspect'];

/** Returns the collector of a group: at a master of all slaves, at a slave of itself and its shortcuts. */
export function groupCollector(group: GroupPart): Collector {
  return {
    collect(emit) {
      const { role, shortcuts } = group.show();
      const slaves = group.members().filter((member) => member.role === 'slave');
      for (const slave of slaves) collectSlave(slave, emit);
      if (role === 'master') collectAll(slaves, emit);
      else if (shortcuts) collectShortcuts(shortcuts, emit);
    },
  };
}

function collectAll(slaves: readonly GroupMemberView[], emit: Emit): void {
  for (const state of states) emit('etherloom_group_members', slaves.filter((slave) => slave.state === state).length, { state });
}

function collectSlave({ id, name, link }: GroupMemberView, emit: Emit): void {
  const member = String(id);
  emit('etherloom_member_info', 1, { member, name });
  if (!link) return;
  emit('etherloom_member_link_up', Number(link.up), { member, port: String(link.port) });
  if (link.roundTrip !== undefined) emit('etherloom_member_round_trip_seconds', link.roundTrip / 1000, { member });
  for (const [rule, frames] of Object.entries(link.refused)) emit('etherloom_member_refused_frames_total', frames, { member, rule });
}

function collectShortcuts(shortcuts: readonly ShortcutView[], emit: Emit): void {
  for (const { id, received, sent, refused } of shortcuts) {
    const member = String(id);
    emit('etherloom_shortcut_received_frames_total', received.frames, { member });
    emit('etherloom_shortcut_received_bytes_total', received.octets, { member });
    emit('etherloom_shortcut_sent_frames_total', sent.frames, { member });
    emit('etherloom_shortcut_sent_bytes_total', sent.octets, { member });
    for (const [rule, frames] of Object.entries(refused)) emit('etherloom_shortcut_refused_frames_total', frames, { member, rule });
  }
}
