use super::*;
use crate::{
    raw::lend::race,
    sync::{Arc, model},
};

fn at(millis: u64) -> Tick {
    Tick::from_millis(millis)
}

#[test]
fn loom_who_goes_on_to_an_entry_knows_those_before_it_settled() {
    model(|| {
        let mut order = Order::new();
        let oldest = (0..6).map(|number| Candidate { stamp: number, hash: number }).collect();
        order.survey = Cell::new(Survey { oldest, used: AtomicUsize::new(0) });
        let settled: [AtomicUsize; 6] = std::array::from_fn(|_| AtomicUsize::new(0));
        let table = Table::<KeyParts, Record<()>>::new();
        let shared = Arc::new((order, table, settled));
        let (ones, others) = (Arc::clone(&shared), Arc::clone(&shared));
        let settles = move |guard: &_| {
            let (order, table, settled) = &*ones;
            // Relaxed: whether the others see it is what is asked here.
            for _ in 0..2 {
                order.oldest(table, 6, guard, |candidate| {
                    settled[candidate.hash as usize].store(1, Ordering::Relaxed);
                    Some(())
                });
            }
        };
        let follows = move |guard: &_| {
            let (order, table, settled) = &*others;
            let mut own = 0;
            order.oldest(table, 6, guard, |candidate| {
                for before in own..candidate.hash {
                    assert_eq!(settled[before as usize].load(Ordering::Relaxed), 1, "passed over");
                }
                own = candidate.hash + 1;
                // One that another thread has: on to the next, as long as one is left that needs no new survey.
                (candidate.hash == 2).then_some(())
            });
        };
        race(settles, follows);
    });
}

#[test]
fn loom_a_sweep_that_has_not_seen_a_record_leaves_its_deadline() {
    model(|| {
        let shared = Arc::new((Floor::new(), AtomicU64::new(0)));
        shared.0.lower(at(1));
        let (ones, others) = (Arc::clone(&shared), Arc::clone(&shared));
        let sets = move |_: &_| {
            others.1.store(5, Ordering::Relaxed);
            others.0.lower(at(5));
        };
        let sweeps = move |_: &_| {
            let word = ones.0.passed(at(4)).expect("something has passed");
            let found = ones.1.load(Ordering::Relaxed);
            ones.0.raise(word, (found != 0).then(|| at(found)));
        };
        race(sets, sweeps);
        assert!(shared.0.passed(at(5)).is_some(), "what ends at 5 is not looked for");
    });
}
