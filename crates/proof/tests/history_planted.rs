//! Wrong answers that are planted, so that the checker and both models are known to be able to fail.

use tenure_proof::history::{
    Record, check,
    routes::{self, Routing},
    sessions::{self, Pairs},
};

/// One thread alone: nothing overlaps, so each answer is the only right one.
fn routes_alone(seed: u64) -> (routes::Routes, Vec<Record<routes::Operation, routes::Answer>>) {
    let room = routes::Table::new(2);
    let mix = routes::Mix { advance: 6, reading: seed.is_multiple_of(2), failing: seed.is_multiple_of(3) };
    (room.model(), routes::run(&room, routes::plan(seed, 1, 60, mix)))
}

fn sessions_alone(seed: u64) -> (sessions::Sessions, Vec<Record<sessions::Operation, sessions::Answer>>) {
    let (handing, suspending) = (seed.is_multiple_of(2), seed.is_multiple_of(3));
    let mix = sessions::Mix { advance: 6, handing, suspending, deaths: 3, owners: 5 };
    let pairs = sessions::Map::default().others(0, mix.owners);
    (pairs.model(), sessions::run(&pairs, sessions::plan(seed, 1, 60, mix)))
}

/// Puts each answer of the history in the place of each other that differs from it, and counts how many of those
/// histories `is_wrong` refuses; it must be all.
fn all_swaps_are_found<O: Clone, A: Clone + PartialEq>(
    history: &[Record<O, A>],
    is_wrong: impl Fn(&[Record<O, A>]) -> bool,
) -> usize {
    let mut found = 0;
    for place in 0..history.len() {
        let mut seen: Vec<&A> = vec![&history[place].answer];
        for other in history {
            if seen.contains(&&other.answer) {
                continue;
            }
            seen.push(&other.answer);
            let mut wrong = history.to_vec();
            wrong[place].answer = other.answer.clone();
            assert!(is_wrong(&wrong), "another answer at {place} was not found");
            found += 1;
        }
    }
    found
}

#[test]
fn any_other_answer_of_a_route_table_to_one_thread_is_found() {
    let mut found = 0;
    for seed in 0..6 {
        let (model, history) = routes_alone(seed);
        assert_eq!(check(&model, &history).map(|checked| checked.operations), Ok(60));
        found += all_swaps_are_found(&history, |history| check(&model, history).is_err());
    }
    assert!(found > 3_000, "only {found} answers were planted");
}

/// Nothing expires here: which of the expired go when room is made is left open.
#[test]
fn any_other_answer_of_a_full_route_table_to_one_thread_is_found() {
    let mut found = 0;
    for seed in 0..6 {
        let table = routes::Table::bounded(1 + seed as usize % 2);
        let mix = routes::Mix { advance: 1_000_000, reading: seed % 3 == 0, failing: false };
        let mut plan = routes::plan(seed, 1, 60, mix);
        for call in plan.iter_mut().flatten() {
            if let routes::Call::Touch { ttl, .. } = call {
                *ttl += 1;
            }
        }
        let (model, history) = (table.model(), routes::run(&table, plan));
        assert_eq!(check(&model, &history).map(|checked| checked.operations), Ok(60));
        assert!(table.table().stats().evicted > 0, "nothing was evicted");
        found += all_swaps_are_found(&history, |history| check(&model, history).is_err());
    }
    assert!(found > 3_000, "only {found} answers were planted");
}

/// What three sets and a look say of a table that holds two.
fn is_explained(looked_for: usize, answer: routes::Answer) -> bool {
    use routes::{Answer, Call, Operation, Table};
    let model = Table::bounded(2).model();
    let record = |n: usize, call, answer| {
        let (began, operation) = (2 * n as u64 + 1, Operation { since: model.now, call });
        Record { thread: 0, began, ended: began + 1, operation, answer }
    };
    let sets = (0..3).map(|key| record(key, Call::Set { key, route: 7, ttl: 3 }, Answer::Done));
    let looks = record(3, Call::Get(looked_for), answer);
    check(&model, &sets.chain([looks]).collect::<Vec<_>>()).is_ok()
}

#[test]
fn only_the_record_that_was_set_longest_ago_may_be_gone_from_a_full_table() {
    use routes::Answer;
    let now = routes::Table::bounded(2).model().now;
    let there = Answer::Fresh { route: 7, updated_at: now, expires_at: now + 3 };
    assert!(is_explained(0, Answer::NotFound) && !is_explained(0, there), "one of three is too many");
    for younger in [1, 2] {
        assert!(is_explained(younger, there) && !is_explained(younger, Answer::NotFound));
    }
}

#[test]
fn a_full_table_that_evicts_more_or_less_than_the_bound_asks_for_is_found_among_many_threads() {
    let mix = routes::Mix { advance: 200, reading: true, failing: false };
    for bound in [1, 3] {
        let table = routes::Table::bounded(2);
        let told = routes::Routes { bound: Some(bound), ..table.model() };
        let history = routes::run(&table, routes::plan(1, 2, 1_000, mix));
        assert!(check(&told, &history).is_err(), "two were held, and {bound} explain it");
    }
}

#[test]
fn any_other_answer_of_a_session_map_to_one_thread_is_found() {
    let mut found = 0;
    for seed in 0..6 {
        let (model, history) = sessions_alone(seed);
        assert_eq!(check(&model, &history).map(|checked| checked.operations), Ok(60));
        found += all_swaps_are_found(&history, |history| check(&model, history).is_err());
    }
    assert!(found > 3_000, "only {found} answers were planted");
}

#[test]
fn a_route_table_that_lags_behind_is_found_among_many_threads() {
    use std::sync::{Arc, Mutex};
    use tenure_proof::history::routes::{Answer, Call, Operation, Table};

    /// A table that is right but for one thing: a look-up answers what the last one answered.
    #[derive(Clone)]
    struct Lagging(Table, Arc<Mutex<[Option<Answer>; routes::KEYS]>>);
    impl Routing for Lagging {
        fn perform(&self, call: Call) -> (Operation, Answer) {
            let (operation, answer) = self.0.perform(call);
            let Call::Get(key) = call else { return (operation, answer) };
            let lagging = self.1.lock().unwrap()[key].replace(answer).unwrap_or(answer);
            (operation, lagging)
        }
    }
    let lagging = Lagging(Table::new(2), Arc::default());
    let model = lagging.0.model();
    let mix = routes::Mix { advance: 200, reading: true, failing: false };
    let violation = check(&model, &routes::run(&lagging, routes::plan(1, 3, 1_000, mix))).unwrap_err();
    assert!(violation.operation.contains("Get"), "{violation}");
}

#[test]
fn a_session_map_whose_owners_linger_is_found_among_many_threads() {
    use tenure_proof::history::sessions::{Answer, Call, Map, Operation};

    /// An owner's death is said to have happened and has not.
    #[derive(Clone)]
    struct Lingering(Map);
    impl Pairs for Lingering {
        fn perform(&self, call: Call) -> (Operation, Answer) {
            match call {
                Call::Die(_) => (Operation { call, ..self.0.perform(Call::Advance(0)).0 }, Answer::Done),
                _ => self.0.perform(call),
            }
        }
    }
    let mix = sessions::Mix { advance: 200, handing: true, suspending: false, deaths: 20, owners: 24 };
    let lingering = Lingering(Map::default().others(0, mix.owners));
    let model = lingering.0.model();
    let history = sessions::run(&lingering, sessions::plan(1, 3, 1_000, mix));
    assert!(check(&model, &history).is_err());
}

#[test]
fn sessions_that_are_not_handed_over_together_with_the_others_are_found() {
    use tenure_proof::history::sessions::{Answer, CODES, Call, Map, Operation};

    /// Hands all over, and then the first that has moved back; or counts it and has not moved it.
    #[derive(Clone)]
    struct Holding(Map);
    impl Pairs for Holding {
        fn perform(&self, call: Call) -> (Operation, Answer) {
            let (operation, answer) = self.0.perform(call);
            if let (Call::HandOverAll { from, to }, Answer::Moved(1..)) = (call, answer) {
                let of_new = |&code: &usize| {
                    let seen = self.0.perform(Call::Get(code)).1;
                    matches!(seen, Answer::Session { owner: Some(owner), .. } if owner == to)
                };
                if let Some(code) = (0..CODES).find(of_new) {
                    self.0.perform(Call::HandOver { code, to: from });
                }
            }
            (operation, answer)
        }
    }
    let mix = sessions::Mix { advance: 200, handing: true, suspending: false, deaths: 4, owners: 8 };
    let holding = Holding(Map::default().others(0, mix.owners));
    let model = holding.0.model();
    let violation = check(&model, &sessions::run(&holding, sessions::plan(1, 3, 1_000, mix)));
    assert!(violation.is_err(), "{violation:?}");
}
