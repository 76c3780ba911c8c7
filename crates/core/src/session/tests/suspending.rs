//! Owners that are suspended, resumed or not; all sessions handed over; maps that are drained.

use super::{super::*, map};
use crate::patience::until;
use crate::{
    clock::Clock,
    error::{CreateErrorKind, HandOverError},
    event::{DeathReason, EndCause},
    owner::{ResumeError, SuspendErrorKind, Token},
};
use std::{
    collections::HashSet,
    sync::Barrier,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

const GRACE: Duration = Duration::from_secs(30);

#[test]
fn a_suspended_owner_keeps_its_sessions_until_its_deadline_and_not_a_tick_longer() {
    let (map, clock) = map::<()>();
    let owner = map.owner();
    let name = owner.name().clone();
    map.create("A", (), &owner).unwrap();
    let token = owner.suspend(GRACE).unwrap();
    map.create("B", (), &name).unwrap();
    assert_eq!(map.count_active(), 2);
    assert_eq!(map.get("A").unwrap().suspended_until, Some(clock.now().saturating_add(GRACE)));
    clock.advance(GRACE.saturating_sub(Duration::from_millis(1)));
    assert!(map.contains("A") && name.is_alive());
    clock.advance(Duration::from_millis(1));
    assert!(!map.contains("A") && !map.contains("B") && !name.is_alive());
    assert_eq!(name.reason(), Some(DeathReason::NotResumed));
    let incarnation = name.incarnation().get();
    assert_eq!(map.resume(&token).unwrap_err(), ResumeError::OwnerDead { incarnation });
    // Freed by the steps of the background thread, without a look at the whole map.
    while map.maintain() {}
    assert_eq!((map.occupied(), name.session_count(), map.inner.suspended.len()), (0, 0, 0));
    assert_eq!(map.resume(&token).unwrap_err(), ResumeError::NotSuspended { incarnation });
    assert_eq!(map.stats().missed, 0);
}

/// Who sees an owner suspended can take it up: there is no moment between.
#[test]
fn an_owner_that_is_seen_suspended_can_be_resumed() {
    let (map, _) = map::<()>();
    for _ in 0..2_000 {
        let owner = map.owner();
        let (name, token) = (owner.name().clone(), owner.token().unwrap());
        thread::scope(|scope| {
            scope.spawn(|| owner.suspend(GRACE).unwrap());
            until("the other thread suspends the owner", || name.suspended_until().is_some());
            drop(map.resume(&token).unwrap());
        });
    }
}

#[test]
fn a_resumed_owner_is_as_if_nothing_had_happened() {
    let (map, clock) = map::<()>();
    let mut owner = map.owner();
    map.create("A", (), &owner).unwrap();
    let token = owner.token().unwrap();
    for _ in 0..3 {
        assert_eq!(owner.suspend(GRACE).unwrap(), token);
        clock.advance(GRACE / 2);
        while map.maintain() {}
        owner = map.resume(&token).unwrap();
        assert_eq!(owner.suspended_until(), None);
        clock.advance(GRACE * 2);
        while map.maintain() {}
        assert!(map.contains("A"));
        assert_eq!(map.inner.suspended.len(), 0);
    }
    drop(owner);
    assert!(!map.contains("A"));
}

#[test]
fn only_the_owners_own_token_resumes_it_and_only_while_it_is_suspended() {
    let (map, _) = map::<()>();
    let owner = map.owner();
    let token = owner.token().unwrap();
    let incarnation = owner.incarnation().get();
    let not_suspended = ResumeError::NotSuspended { incarnation };
    assert_eq!(map.resume(&token).unwrap_err(), not_suspended);
    owner.suspend(GRACE).unwrap();
    let forged: Token = format!("{incarnation}-{:016x}", token.secret() ^ 1).parse().unwrap();
    assert_eq!(map.resume(&forged).unwrap_err(), ResumeError::WrongToken { incarnation });
    let blank: Token = format!("{incarnation}-0000000000000000").parse().unwrap();
    assert_eq!(map.resume(&blank).unwrap_err(), ResumeError::WrongToken { incarnation });
    let owner = map.resume(&token).unwrap();
    assert_eq!(map.resume(&token).unwrap_err(), not_suspended);
    drop(owner);
    assert_eq!(map.resume(&token).unwrap_err(), not_suspended);
    assert!(!format!("{token:?}").contains(&format!("{:x}", token.secret())), "a log is no place for it");
}

#[test]
fn an_owner_that_cannot_be_suspended_is_given_back() {
    let (map, _) = map::<()>();
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    drop(map.drain());
    let error = owner.suspend(GRACE).unwrap_err();
    let owner = error.into_owner();
    assert_eq!(owner.reason(), Some(DeathReason::Shutdown));
    let (gone, _) = super::map::<()>();
    let owner = gone.owner();
    drop(gone);
    let error = owner.suspend(GRACE).unwrap_err();
    assert_eq!(*error.kind(), SuspendErrorKind::MapGone);
}

#[test]
fn of_several_who_resume_one_owner_one_succeeds_and_who_saw_it_dead_was_right() {
    for round in 0..1_000 {
        let (map, clock) = map::<()>();
        let owner = map.owner();
        map.create("A", (), &owner).unwrap();
        let token = owner.suspend(GRACE).unwrap();
        let start = Barrier::new(4);
        let (resumed, seen) = thread::scope(|scope| {
            let resumers: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        map.resume(&token).ok()
                    })
                })
                .collect();
            let reader = scope.spawn(|| {
                start.wait();
                let first = map.contains("A");
                (first, map.contains("A"))
            });
            start.wait();
            clock.advance(GRACE);
            let resumed: Vec<_> = resumers.into_iter().filter_map(|one| one.join().unwrap()).collect();
            (resumed, reader.join().unwrap())
        });
        assert!(resumed.len() <= 1, "round {round}");
        assert_eq!(map.contains("A"), resumed.len() == 1, "round {round}");
        assert!(seen.0 || !seen.1, "round {round}: seen dead and back");
        assert!(resumed.is_empty() || (seen.0 && seen.1), "round {round}: seen dead, and resumed");
    }
}

#[test]
fn all_sessions_of_an_owner_move_and_no_other() {
    let (map, _) = map::<usize>();
    let (old, new, other) = (map.owner(), map.owner(), map.owner());
    for number in 0..500 {
        map.create(format!("old {number}"), number, &old).unwrap();
        map.create(format!("other {number}"), number, &other).unwrap();
    }
    assert_eq!(map.hand_over_all(&old, &new), Ok(500));
    assert_eq!((old.session_count(), new.session_count(), other.session_count()), (0, 500, 500));
    assert_eq!(map.hand_over_all(&new, &new), Ok(0));
    drop(old);
    assert_eq!(map.count_active(), 1_000);
    drop(new);
    assert_eq!(map.list_active().into_iter().filter(|one| one.code.starts_with("other")).count(), 500);
    while map.maintain() {}
    assert_eq!(map.occupied(), 500);
}

#[test]
fn what_does_not_fit_with_the_new_owner_stays_with_the_old() {
    let map = SessionMap::<()>::builder().per_owner(30).build().unwrap();
    let (old, new) = (map.owner(), map.owner());
    for number in 0..20 {
        map.create(format!("old {number}"), (), &old).unwrap();
        map.create(format!("new {number}"), (), &new).unwrap();
    }
    assert_eq!(map.hand_over_all(&old, &new), Err(HandOverError::OwnerFull { per_owner: 30 }));
    assert_eq!((old.session_count(), new.session_count(), map.count_active()), (10, 30, 40));
    drop(old);
    assert_eq!((map.count_active(), map.occupied()), (30, 30));
}

#[test]
fn all_are_handed_over_while_others_create_delete_and_the_old_owner_dies() {
    for round in 0..300 {
        let (map, _) = map::<()>();
        let (old, new) = (map.owner(), map.owner());
        let (from, to) = (old.name().clone(), new.name().clone());
        let codes: Vec<_> = (0..40).map(|number| format!("{number}")).collect();
        codes[..20].iter().for_each(|code| map.create(code, (), &old).unwrap());
        let mut old = Some(old);
        let start = Barrier::new(3);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                map.hand_over_all(&from, &to).unwrap();
            });
            scope.spawn(|| {
                start.wait();
                for code in &codes[20..] {
                    // Dead by now, perhaps.
                    let _ = map.create(code, (), &from);
                    map.delete(&codes[7]);
                }
            });
            start.wait();
            if round % 2 == 0 {
                drop(old.take());
            }
        });
        if round % 2 == 0 {
            let left: HashSet<_> = map.iter().map(|session| session.owner).collect();
            assert!(left.iter().all(|owner| *owner == Some(to.incarnation())), "round {round}");
            assert_eq!((from.session_count(), map.occupied()), (0, to.session_count()), "round {round}");
        } else {
            assert_eq!(from.session_count() + to.session_count(), map.count_active(), "round {round}");
        }
        drop(new);
        assert_eq!(to.session_count(), 0);
    }
}

#[test]
fn a_drained_map_has_nothing_takes_nothing_and_says_who_has_not_seen_it() {
    let (map, _) = map::<()>();
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    map.create("B", (), None).unwrap();
    let idle = map.owner();
    let mut events = map.watch("A").unwrap();
    let gone = map.gone("B");
    let mut drain = map.drain();
    assert_eq!((map.count_active(), map.occupied()), (0, 0));
    assert!(map.is_draining());
    let mut poll = || std::pin::Pin::new(&mut drain).poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll().is_pending());
    assert!(matches!(events.try_recv(), Some(crate::event::Received::Event(_))));
    assert!(events.is_over());
    assert!(poll().is_pending());
    assert!(map.wait_gone("B", Duration::ZERO).is_err());
    drop(gone);
    let Poll::Ready(drained) = poll() else { panic!("all have seen it") };
    assert_eq!((drained.sessions, drained.owners, drained.unseen), (2, 1, 0));
    for owner in [None, Some(idle.name())] {
        assert_eq!(*map.create("C", (), owner).unwrap_err().kind(), CreateErrorKind::Draining);
    }
    assert_eq!(map.stats().drained, 1);
}

#[test]
fn nothing_is_created_behind_a_drain() {
    for round in 0..1_000 {
        let (map, _) = map::<()>();
        let owner = map.owner();
        let start = Barrier::new(3);
        thread::scope(|scope| {
            for with in [None, Some(owner.name())] {
                let (map, start) = (&map, &start);
                scope.spawn(move || {
                    start.wait();
                    for number in 0..10 {
                        let code = format!("{} {number}", with.is_some());
                        let _ = map.create(code, (), with);
                    }
                });
            }
            start.wait();
            drop(map.drain());
        });
        assert_eq!((map.count_active(), map.occupied()), (0, 0), "round {round}");
    }
}

#[test]
fn who_waits_for_the_drain_is_woken_by_the_last_reader() {
    let (map, _) = map::<()>();
    map.create("A", (), None).unwrap();
    let mut events = map.watch("A").unwrap();
    let draining = map.clone();
    let drained = thread::spawn(move || draining.wait_drained(Duration::from_secs(60)));
    let last = events.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(last.is_some() && events.is_over());
    assert_eq!(drained.join().unwrap().unseen, 0);
    assert_eq!(map.wait_drained(Duration::ZERO).unseen, 0);
    let mut all = map.events(1);
    assert_eq!(all.try_recv(), None);
    let cause = EndCause::Drained.to_string();
    assert_eq!(cause, "drained");
}
