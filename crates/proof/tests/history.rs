//! Short native runs with real threads, checked against the models.

use tenure_proof::history::{Checked, check, routes, sessions};

#[test]
fn what_a_route_table_answers_to_many_threads_could_have_been_answered_one_by_one() {
    let table = routes::Table::new(2);
    let mut checked = Checked::default();
    for seed in 0..16_u64 {
        let room = table.room(seed);
        let model = room.model();
        let mix = routes::Mix {
            advance: if seed % 4 == 1 { 20 } else { 200 },
            reading: seed % 2 == 0,
            failing: seed % 4 == 1,
        };
        let history = routes::run(&room, routes::plan(seed, 3, 500, mix));
        match check(&model, &history) {
            Ok(more) => checked.add(more),
            Err(violation) => panic!("seed {seed}: {violation}"),
        }
    }
    assert_eq!(checked.operations, 16 * 1_500);
    assert!(checked.overlapping > 0, "nothing happened at once: {checked:?}");
}

#[test]
fn what_a_full_route_table_answers_to_many_threads_could_have_been_answered_one_by_one() {
    let (mut checked, mut evicted) = (Checked::default(), 0);
    // Short ones: what nobody has looked at since may be there or not, and each such doubles the explanations.
    for seed in 0..60_u64 {
        let table = routes::Table::bounded(1 + seed as usize % 2);
        let advance = if seed % 3 == 0 { 20 } else { 200 };
        let mix = routes::Mix { advance, reading: seed % 4 < 2, failing: false };
        let (threads, calls) = if seed % 5 == 0 { (2, 40) } else { (3, 8) };
        let model = table.model();
        let history = routes::run(&table, routes::plan(seed, threads, calls, mix));
        match check(&model, &history) {
            Ok(more) => checked.add(more),
            Err(violation) => panic!("seed {seed}: {violation}"),
        }
        evicted += table.table().stats().evicted;
    }
    assert!(checked.overlapping > 0, "nothing happened at once: {checked:?}");
    assert!(evicted > 200, "only {evicted} were evicted");
}

#[test]
fn what_a_session_map_answers_to_many_threads_could_have_been_answered_one_by_one() {
    let map = sessions::Map::default();
    let mut checked = Checked::default();
    for seed in 0..16_u64 {
        let mix = sessions::Mix {
            advance: 200,
            handing: seed.is_multiple_of(2),
            suspending: seed.is_multiple_of(4),
            deaths: 20 * (seed as usize % 3),
            owners: 42,
        };
        let pairs = map.others(seed, mix.owners);
        let model = pairs.model();
        let history = sessions::run(&pairs, sessions::plan(seed, 3, 500, mix));
        match check(&model, &history) {
            Ok(more) => checked.add(more),
            Err(violation) => panic!("seed {seed}: {violation}"),
        }
    }
    assert!(checked.overlapping > 0, "nothing happened at once: {checked:?}");
}
