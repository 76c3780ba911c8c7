//! One owner of 100,000 sessions, 100,000 owners of one each, ended at once; and looking at all of them.

use crate::ends::{Stamp, ender, micros, now};
use std::{
    hint,
    sync::mpsc::Sender,
    thread,
    time::{Duration, Instant},
};
use tenure_core::{Owner, SessionMap};

fn millis(span: Duration) -> String {
    format!("{:.2} ms", span.as_secs_f64() * 1_000.0)
}

/// The median of five runs.
fn median(mut runs: [Duration; 5]) -> Duration {
    runs.sort_unstable();
    runs[2]
}

/// Ends small owners on the thread that is to end the large one, so that it does not do so for the first time.
fn warm_up(map: &SessionMap<u64>, ender: &Sender<(Owner, Stamp)>) {
    for number in 0..100 {
        let (owner, code) = (map.owner(), format!("small {number}"));
        map.create(&*code, number, &owner).expect("the code is free");
        ender.send((owner, Stamp::default())).expect("the thread waits");
        while map.contains(&code) {
            hint::spin_loop();
        }
    }
}

/// One owner of many sessions, dropped by another thread.
fn one_of_many(many: usize) {
    let [mut counted, mut unseen, mut freed] = [[Duration::ZERO; 5]; 3];
    for run in 0..5 {
        let map = SessionMap::<u64>::builder().background().build().expect("a thread");
        let owner = map.owner();
        for number in 0..many {
            map.create(format!("{number:08}"), number as u64, &owner).expect("the code is free");
        }
        let began = Instant::now();
        assert_eq!(map.count_active(), many);
        counted[run] = began.elapsed();
        let (stamp, last) = (Stamp::default(), format!("{:08}", many / 2));
        let ender = ender();
        warm_up(&map, &ender);
        ender.send((owner, stamp.clone())).expect("the thread waits");
        // Not yielding: the store is to be seen when it is there, not when the reader's turn comes.
        while map.contains(&last) {
            hint::spin_loop();
        }
        let since = || Duration::from_nanos(now().saturating_sub(stamp.get()));
        unseen[run] = since();
        assert!(!map.contains("00000000"));
        while map.occupied() > 0 {
            thread::yield_now();
        }
        freed[run] = since();
        assert_eq!(map.stats().missed, 0);
    }
    println!("{many} sessions: counted one by one in {}", millis(median(counted)));
    println!(
        "one owner of {many} sessions: seen gone by another thread in {}",
        micros(median(unseen).as_nanos() as u64)
    );
    println!("one owner of {many} sessions: all freed in {}", millis(median(freed)));
}

/// Sessions, and owners.
const MANY: usize = 100_000;

pub(crate) fn all() {
    one_of_many(MANY);
    let mut ended = [Duration::ZERO; 5];
    for one in &mut ended {
        let map = SessionMap::<u64>::builder().background().build().expect("a thread");
        let owners: Vec<_> = (0..MANY).map(|_| map.owner()).collect();
        for (number, owner) in owners.iter().enumerate() {
            map.create(format!("{number:08}"), number as u64, owner).expect("the code is free");
        }
        let began = Instant::now();
        drop(owners);
        *one = began.elapsed();
        assert_eq!((map.count_active(), map.occupied()), (0, 0));
    }
    println!("{MANY} owners of one session each: ended and freed in {}", millis(median(ended)));
}
