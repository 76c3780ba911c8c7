//! What others do in the middle of an operation, exactly there: a clock that lets it happen when it is asked.

use super::super::*;
use crate::clock::{Clock, ManualClock, Tick};
use std::{
    collections::VecDeque,
    sync::Mutex,
    time::{Duration, SystemTime},
};

type Happens = Box<dyn FnOnce() + Send>;

/// At each reading the next of these happens, before the answer. None: nothing.
#[derive(Clone, Default)]
struct Eventful(Arc<Mutex<VecDeque<Option<Happens>>>>, ManualClock);

impl Eventful {
    fn then(&self, happens: impl FnOnce() + Send + 'static) {
        self.0.lock().unwrap().push_back(Some(Box::new(happens)));
    }
}

impl fmt::Debug for Eventful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.1.fmt(f)
    }
}

impl Clock for Eventful {
    fn now(&self) -> Tick {
        let happens = self.0.lock().unwrap().pop_front().flatten();
        if let Some(happens) = happens {
            happens();
        }
        self.1.now()
    }

    fn wall(&self) -> SystemTime {
        self.1.wall()
    }
}

#[test]
fn an_answer_never_shows_an_owner_with_a_payload_that_was_replaced_before_it_came() {
    let clock = Eventful::default();
    let map =
        SessionMap::builder().clock(clock.clone()).ownerless_ttl(Duration::from_secs(1)).build().unwrap();
    let owner = map.owner();
    map.create("A", 1_u32, None).unwrap();

    let found = Arc::new(Mutex::new(Vec::new()));
    let (of_reader, reader, reading) = (Arc::clone(&found), map.clone(), clock.clone());
    let name = owner.name().clone();
    // A hand-over that has begun and has no verdict yet asks the clock twice: for the look, and for the verdict.
    clock.0.lock().unwrap().extend([None, None]);
    clock.then(move || {
        let (writer, to, seen) = (reader.clone(), name.clone(), Arc::clone(&of_reader));
        // The reader has found the session and asks whether it has expired.
        reading.then(move || {
            writer.update("A", |edit| *edit.payload_mut() = 2).unwrap();
            seen.lock().unwrap().push(writer.get("A").unwrap());
            writer.hand_over("A", &to).unwrap();
        });
        let answer = reader.get("A").unwrap();
        of_reader.lock().unwrap().push(answer);
    });
    map.hand_over("A", &owner).unwrap();

    let found: Vec<_> =
        found.lock().unwrap().iter().map(|session| (session.payload, session.owner)).collect();
    let [(2, between), (payload, shown)] = found[..] else { panic!("{found:?}") };
    assert!(between.is_some() || (payload, shown) != (1, Some(owner.incarnation())), "{found:?}");
}
