use super::*;
use crate::{event::DeathReason, key::KeyRef};

fn at(millis: u64) -> Tick {
    Tick::from_millis(millis)
}

fn route(removals: &RecentRemovals, key: KeyRef<'_>, kind: RouteEvent, millis: u64) {
    let what = What::Route { key, partition: 0, kind };
    removals.observe(&Event { table: "t", at: at(millis), what });
}

fn session(removals: &RecentRemovals, code: &str, kind: SessionEvent, millis: u64) {
    removals.observe(&Event { table: "t", at: at(millis), what: What::Session { code, kind } });
}

fn key(thread: &str) -> KeyRef<'_> {
    KeyRef::new("irc", "net", "#a", Some(thread))
}

#[test]
fn each_cause_is_told_until_the_thing_is_there_again() {
    let removals = RecentRemovals::new(16);
    let causes = [
        (RouteEvent::Evicted, RemovalCause::Evicted),
        (RouteEvent::Pruned, RemovalCause::Expired),
        (RouteEvent::Removed, RemovalCause::Removed),
    ];
    for (event, cause) in causes {
        assert_eq!(removals.why_gone_route(key("a")), None);
        route(&removals, key("a"), event, 7);
        let removal = removals.why_gone_route(key("a")).unwrap();
        assert_eq!(removal, Removal { cause, at: at(7) });
        assert_eq!(removal.age(at(10)), Duration::from_millis(3));
        // An owned key is the same key, its room is another.
        assert_eq!(removals.why_gone_route(key("a").to_session_key()), Some(removal));
        assert_eq!(removals.why_gone_route(key("a").to_room()), None);
        route(&removals, key("a"), RouteEvent::Stale, 8);
        route(&removals, key("a"), RouteEvent::Set, 9);
    }
    let cause = EndCause::OwnerDied(DeathReason::Panicked("no more room".into()));
    session(&removals, "K7QX", SessionEvent::Ended(cause.clone()), 1);
    session(&removals, "K7QX", SessionEvent::Updated, 2);
    let told = removals.why_gone_session("K7QX").unwrap();
    assert_eq!(told.cause, RemovalCause::Ended(cause));
    assert_eq!(told.cause.to_string(), "its owner died: panicked: no more room");
    session(&removals, "K7QX", SessionEvent::Created, 3);
    assert_eq!(removals.why_gone_session("K7QX"), None);
}

#[test]
fn a_place_remembers_its_latest_and_one_thing_once() {
    let removals = RecentRemovals::new(1); // one place, for four
    let ended = || SessionEvent::Ended(EndCause::Deleted);
    for (millis, code) in ["a", "b", "b", "c", "b", "d", "e"].into_iter().enumerate() {
        session(&removals, code, ended(), millis as u64);
    }
    let known = |code: &str| removals.why_gone_session(code).map(|removal| removal.at.as_millis());
    assert_eq!(["a", "b", "c", "d", "e"].map(known), [None, Some(4), Some(3), Some(5), Some(6)]);
}

#[test]
fn of_many_removals_the_latest_are_remembered() {
    let removals = RecentRemovals::new(4_000);
    for number in 0..100_000_u64 {
        session(&removals, &number.to_string(), SessionEvent::Ended(EndCause::Deleted), number);
    }
    let known = (0..100_000_u64).filter(|number| removals.why_gone_session(&number.to_string()).is_some());
    let known: Vec<u64> = known.collect();
    assert!(known.len() <= 4_000, "{}", known.len());
    // A fourth as many as there is room for: hardly one of them has met four later ones.
    assert!(known.iter().filter(|number| **number >= 99_000).count() > 950, "{}", known.len());
}

#[test]
fn who_writes_at_once_loses_no_other_places_removal() {
    let removals = RecentRemovals::new(100_000);
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let removals = &removals;
            scope.spawn(move || {
                for number in 0..500_u64 {
                    let code = format!("{thread}/{number}");
                    session(removals, &code, SessionEvent::Ended(EndCause::Deleted), number);
                }
            });
        }
    });
    let codes = (0..4).flat_map(|thread| (0..500).map(move |number| format!("{thread}/{number}")));
    let forgotten = codes.filter(|code| removals.why_gone_session(code).is_none()).count();
    // One is forgotten only where two of different threads meet in one of 25,000 places at the same moment.
    assert!(forgotten < 40, "{forgotten}");
}
