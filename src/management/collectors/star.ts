import type { Collector } from '../metrics.ts';
import type { StarPart } from '../parts/star.ts';

/** Returns the collector of a node of a star. */
export function starCollector(star: StarPart): Collector {
  return {
    collect(emit) {
      const view = star.show();
      const links = star.links();
      const guest = star.guest();
      emit('etherloom_star_joins_total', view.joins);
      if (view.role === 'slave') emit('etherloom_star_joined', Number(view.joined !== undefined));
      else {
        emit('etherloom_star_members', view.members);
        emit('etherloom_star_joined_members', view.joined);
        emit('etherloom_star_refusals_total', view.refusals);
      }
      emit('etherloom_star_shortcuts', view.shortcuts);
      emit('etherloom_star_links', links.length);
      emit('etherloom_star_links_up', links.filter(({ up }) => up).length);
      if (!guest) return;
      emit('etherloom_star_guest_up', Number(guest.state !== 'ended'));
      emit('etherloom_star_guest_starts_total', guest.starts);
    },
  };
}
