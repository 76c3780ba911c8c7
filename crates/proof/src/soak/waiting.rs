//! A thread that waits for what another does: no wake-up may be lost.

use super::{
    dice::Dice,
    tally::{Answer, Tally},
    world::{Load, World},
};
use std::{
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};
use tenure_core::{DeathReason, EndCause, Owner, OwnerRef, Status, View, WaitError};

/// Far longer than anything here takes: who waits so long was not woken, whatever it then finds.
const LIMIT: Duration = Duration::from_secs(60);

/// What the other thread is to do with a session.
enum Act {
    Claim(String),
    Delete(String),
    End(Owner),
    Create(String, OwnerRef),
}

/// Waits again and again until the gate says that it is over.
pub(crate) fn run(world: &Arc<World>, mut dice: Dice) {
    let (ask, asked) = mpsc::channel();
    let (did, done) = mpsc::channel();
    let helper = {
        let world = Arc::clone(world);
        thread::spawn(move || {
            for act in asked {
                let mut tally = Tally::default();
                do_it(&world, act, &mut tally);
                world.hand_in(&mut tally);
                if did.send(()).is_err() {
                    break;
                }
            }
        })
    };
    let (mut round, mut tally) = (0_u32, Tally::default());
    while world.gate.pass() {
        round = round.wrapping_add(1);
        let since = Instant::now();
        let owner = wait_once(world, round, &mut dice, &mut tally, |act| {
            world.laws.hold(ask.send(act).is_ok(), || "waiting: the other thread has ended".to_owned());
        });
        world.laws.hold(since.elapsed() < LIMIT, || format!("waiting: not woken for {LIMIT:?}"));
        // It has done what it was asked to, and counted it.
        world.laws.hold(done.recv().is_ok(), || "waiting: the other thread has ended".to_owned());
        // Not before: who creates a session for an owner that dies meanwhile is told so.
        if let Some(owner) = owner {
            let incarnation = owner.incarnation();
            drop(owner);
            world.deaths.note(incarnation);
        }
        world.hand_in(&mut tally);
        if world.laws.are_broken() {
            break;
        }
    }
    drop(ask);
    let _ = helper.join();
}

fn create(world: &World, code: &str, number: u32, owner: &OwnerRef, tally: &mut Tally) {
    // The map may be full for a while.
    while let Err(refused) = world.map.create(code, Load::new(world.serial(), number), owner) {
        let full = matches!(refused.kind(), tenure_core::CreateErrorKind::MapFull { .. });
        world.laws.hold(full, || format!("waiting: {refused}"));
        if world.laws.are_broken() {
            return;
        }
        thread::yield_now();
    }
    tally.count(Answer::Created);
}

/// Has the other thread do something and waits for it. Answers the session's owner, if it is still alive.
fn wait_once(
    world: &World,
    round: u32,
    dice: &mut Dice,
    tally: &mut Tally,
    ask: impl FnOnce(Act),
) -> Option<Owner> {
    let (map, code) = (&world.map, format!("awaited-{round}"));
    let owner = map.owner();
    let act = dice.below(4);
    if act < 3 {
        create(world, &code, round, &owner, tally);
    }
    let (answer, right) = match act {
        0 => {
            ask(Act::Claim(code.clone()));
            let connected = |view: &View<'_, Load>| view.status() == Status::Connected;
            let answer = map.wait_until(&code, connected, LIMIT);
            (format!("{answer:?}"), answer.is_ok())
        }
        1 => {
            ask(Act::Delete(code.clone()));
            let answer = map.wait_gone(&code, LIMIT);
            (format!("{answer:?}"), is_gone(&answer, &EndCause::Deleted))
        }
        2 => {
            ask(Act::End(owner));
            let answer = map.wait_gone(&code, LIMIT);
            let right = is_gone(&answer, &EndCause::OwnerDied(DeathReason::PeerClosed));
            world.laws.hold(right, || format!("waiting for the end of {code}: {answer:?}"));
            return None;
        }
        _ => {
            ask(Act::Create(code.clone(), owner.name().clone()));
            let answer = map.wait_for(&code, LIMIT);
            (format!("{answer:?}"), answer.is_ok())
        }
    };
    world.laws.hold(right, || format!("waiting for {code}, way {act}: {answer}"));
    Some(owner)
}

/// It may have been gone before the waiting began.
fn is_gone(answer: &Result<EndCause, WaitError>, cause: &EndCause) -> bool {
    match answer {
        Ok(why) => why == cause,
        Err(why) => matches!(why, WaitError::NotFound { .. }),
    }
}

fn do_it(world: &World, act: Act, tally: &mut Tally) {
    match act {
        Act::Claim(code) => {
            let claimed = world.map.claim(&code);
            world.laws.hold(claimed.is_ok(), || format!("waiting: {code} was not claimed: {claimed:?}"));
            tally.count(Answer::Claimed);
        }
        Act::Delete(code) => {
            world.laws.hold(world.map.delete(&code), || format!("waiting: {code} was not deleted"));
            tally.count(Answer::Deleted);
        }
        Act::End(owner) => {
            let incarnation = owner.incarnation();
            owner.release(DeathReason::PeerClosed);
            world.deaths.note(incarnation);
        }
        Act::Create(code, owner) => create(world, &code, 0, &owner, tally),
    }
}
