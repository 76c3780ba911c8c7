//! Handing over all sessions while a thread is stopped in the middle of a hand-over.

mod patience;

use patience::{PATIENCE, until};
use std::{
    sync::{Arc, Mutex, mpsc::channel},
    thread,
    time::SystemTime,
};
use tenure_core::{Clock, OwnerRef, SessionMap, Tick};

/// A clock that hands over everything of one owner when it is asked for the last of so many times: also while a hand-over
/// to that owner is under way, as when the thread that makes it were stopped there.
#[derive(Clone, Debug, Default)]
struct Grabbing(Arc<Mutex<Option<Grab>>>);

#[derive(Debug)]
struct Grab {
    countdown: usize,
    map: SessionMap<()>,
    from: OwnerRef,
    to: OwnerRef,
}

impl Clock for Grabbing {
    fn now(&self) -> Tick {
        let mut armed = self.0.lock().unwrap();
        let due = armed.as_mut().is_some_and(|grab| {
            grab.countdown = grab.countdown.saturating_sub(1);
            grab.countdown == 0
        });
        let grab = if due { armed.take() } else { None };
        drop(armed);
        if let Some(grab) = grab {
            grab.map.hand_over_all(&grab.from, &grab.to).unwrap();
        }
        Tick::from_millis(1)
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

/// Handing over all sessions waited for a hand-over to the old owner to come to its end.
#[test]
fn handing_over_all_waits_for_no_hand_over_under_way() {
    let (done, is_done) = channel();
    let thread = thread::spawn(move || {
        for countdown in 1..=8 {
            let clock = Grabbing::default();
            let map = SessionMap::<()>::builder().clock(clock.clone()).build().unwrap();
            let (old, new) = (map.owner(), map.owner());
            // The old owner has a note of this code.
            map.create("A", (), &old).unwrap();
            map.delete("A");
            map.create("A", (), None).unwrap();
            let (from, to) = (old.name().clone(), new.name().clone());
            *clock.0.lock().unwrap() = Some(Grab { countdown, map: map.clone(), from, to });
            map.hand_over("A", &old).unwrap();
            clock.0.lock().unwrap().take();
            map.hand_over_all(&old, &new).unwrap();
            assert_eq!(map.get("A").unwrap().owner, Some(new.incarnation()));
        }
        done.send(()).unwrap();
    });
    is_done.recv_timeout(PATIENCE).expect("it comes to its end");
    until("the thread's end", || thread.is_finished());
}

/// It took the owner's notes with it, so that nobody found the session when the owner ended.
#[test]
fn handing_over_all_of_another_maps_owner_leaves_it_what_it_has() {
    let (home, other) = (SessionMap::<()>::new(), SessionMap::<()>::new());
    let (owner, to) = (home.owner(), other.owner());
    home.create("A", (), &owner).unwrap();
    assert_eq!(other.hand_over_all(&owner, &to).unwrap(), 0);
    assert_eq!(owner.note_count(), 1);
    drop(owner);
    assert_eq!(home.occupied(), 0);
}
