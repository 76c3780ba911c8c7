//! Handing over all sessions while a thread is stopped in the middle of a hand-over.

mod patience;

use patience::{PATIENCE, until};
use std::{
    sync::{Arc, Mutex, mpsc::channel},
    thread,
    time::SystemTime,
};
use tenure_core::{Clock, OwnerRef, SessionMap, Tick};

/// A clock that hands over everything of one owner whenever it is asked: also while a hand-over to that owner is under
/// way, as when the thread that makes it were stopped there.
#[derive(Clone, Debug, Default)]
struct Grabbing(Arc<Mutex<Option<(SessionMap<()>, OwnerRef, OwnerRef)>>>);

impl Clock for Grabbing {
    fn now(&self) -> Tick {
        // Not inside of itself.
        let armed = self.0.lock().unwrap().take();
        if let Some((map, from, to)) = armed {
            map.hand_over_all(&from, &to).unwrap();
            *self.0.lock().unwrap() = Some((map, from, to));
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
        let clock = Grabbing::default();
        let map = SessionMap::<()>::builder().clock(clock.clone()).build().unwrap();
        let (old, new) = (map.owner(), map.owner());
        map.create("A", (), None).unwrap();
        *clock.0.lock().unwrap() = Some((map.clone(), old.name().clone(), new.name().clone()));
        map.hand_over("A", &old).unwrap();
        clock.0.lock().unwrap().take();
        map.hand_over_all(&old, &new).unwrap();
        done.send(map.get("A").unwrap().owner == Some(new.incarnation())).unwrap();
    });
    assert!(is_done.recv_timeout(PATIENCE).expect("it comes to its end"), "it is the new one's");
    until("the thread's end", || thread.is_finished());
}
