//! Two who write down at once what has happened, in one place.

use super::*;
use crate::{key::KeyRef, raw::lend::both, sync::model_within};

fn tell(removals: &RecentRemovals, room: &str, kind: RouteEvent) {
    let what = What::Route { key: KeyRef::for_room("irc", "net", room), partition: 0, kind };
    removals.observe(&Event { table: "t", at: Tick::ZERO, what });
}

#[test]
fn loom_what_is_there_again_is_forgotten_whatever_else_is_told() {
    model_within(Some(2), || {
        let removals = RecentRemovals::new(1); // one place
        tell(&removals, "#a", RouteEvent::Removed);
        let (ones, others) = (removals.clone(), removals.clone());
        both(move || tell(&ones, "#a", RouteEvent::Set), move || tell(&others, "#b", RouteEvent::Removed));
        assert_eq!(removals.why_gone_route(KeyRef::for_room("irc", "net", "#a")), None);
    });
}
