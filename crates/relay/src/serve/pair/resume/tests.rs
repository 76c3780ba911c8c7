use super::*;
use crate::{
    serve::{
        limits::Places,
        pair::{Pair, open::side},
    },
    wire::PairCode,
};
use std::{future::poll_fn, net::Ipv4Addr, pin::pin, task::Poll};
use tenure_core::{Clock as _, ManualClock, RecentRemovals};

const GRACE: Duration = Duration::from_secs(8);

/// A map without a background thread, so that nobody tells of an end before somebody is asked to; and a side in it.
struct Scene {
    map: SessionMap<Side>,
    clock: ManualClock,
    told: RecentRemovals,
    owner: Owner,
    ticket: Ticket,
}

fn scene() -> Scene {
    let (clock, told) = (ManualClock::new(), RecentRemovals::new(8));
    let map = SessionMap::builder().clock(clock.clone()).observer(told.clone()).build().unwrap();
    let owner = map.owner();
    let token = owner.token().unwrap();
    let code: PairCode = "K7QX2M9P".parse().unwrap();
    let address = Address::of(Ipv4Addr::LOCALHOST.into());
    let pair = Pair::new(Places::new(1, 1).take(address).unwrap());
    let side = side(&pair, &Arc::new(Notify::new()), address, Some(token));
    map.create(code.key(), side, &owner).unwrap();
    let ticket = Ticket { code, role: Role::Creator, token };
    Scene { map, clock, told, owner, ticket }
}

async fn missed(map: &SessionMap<Side>, ticket: &Ticket) -> Missed {
    take_up(map, ticket).await.expect_err("too late")
}

#[tokio::test]
async fn who_is_back_before_the_deadline_has_its_side_and_at_the_deadline_is_told_that_it_was_too_late() {
    let Scene { map, clock, told, owner, ticket } = scene();
    owner.suspend(GRACE).unwrap();
    let moment = Duration::from_millis(1);
    clock.advance(GRACE.saturating_sub(moment));
    let (owner, left) = take_up(&map, &ticket).await.expect("in time");
    assert!(left.suspended_until.is_some());
    owner.suspend(GRACE).unwrap();
    clock.advance(GRACE);
    let not_resumed = EndCause::OwnerDied(DeathReason::NotResumed);
    // Nobody has been told of its end: whoever asks is answered all the same, however often.
    for _ in 0..2 {
        assert_eq!(missed(&map, &ticket).await, Missed::Over(not_resumed.clone()));
        assert_eq!(told.why_gone_session(ticket.code.key()), None);
    }
    while map.prune() > 0 || map.maintain() {}
    let removal = told.why_gone_session(ticket.code.key()).expect("told by now");
    assert_eq!((removal.cause, removal.at), (RemovalCause::Ended(not_resumed), clock.now()));
    assert_eq!(missed(&map, &ticket).await, Missed::Before);
}

#[tokio::test]
async fn a_connection_that_ends_its_session_when_asked_for_room_says_why() {
    let Scene { map, owner, ticket, .. } = scene();
    let mut waiting = pin!(take_up(&map, &ticket));
    let first = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context))).await;
    assert!(first.is_pending(), "its old connection is still there");
    owner.release(DeathReason::PeerClosed);
    let missed = waiting.await.expect_err("it has ended");
    assert_eq!(missed, Missed::Over(EndCause::OwnerDied(DeathReason::PeerClosed)));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_makes_no_room_keeps_its_session() {
    let Scene { map, owner, ticket, .. } = scene();
    assert_eq!(missed(&map, &ticket).await, Missed::Busy);
    assert!(map.contains(ticket.code.key()) && owner.is_alive());
}

#[tokio::test]
async fn of_a_map_that_is_drained_it_is_the_shutdown() {
    let Scene { map, owner, ticket, .. } = scene();
    owner.suspend(GRACE).unwrap();
    drop(map.drain());
    let told = missed(&map, &ticket).await;
    let shutdown = Missed::Over(EndCause::OwnerDied(DeathReason::Shutdown));
    assert!([Missed::Before, shutdown].contains(&told), "{told:?}");
}
