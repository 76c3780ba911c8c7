//! The sweep: its table against the real one, and its policies against what they are described as.

use std::time::Duration;

use crate::generate::generate;
use crate::log::Log;
use crate::options::{self, Grid, Options, Task};
use crate::small;
use crate::sweep::{Arm, Requests, Sweep, SweepReport, heat_map, hits, sweep};

fn grid() -> Grid {
    Grid { ttls: vec![10, 300, 1_800], capacities: vec![1, 2, 5, 20, 100, 1_000], svg: None }
}

fn swept(log: &Log) -> Sweep {
    let mut done = Vec::new();
    let swept = sweep(log, &Options::default(), &grid(), &mut |n| done.push(n)).expect("the grid is valid");
    assert_eq!(done, (0..18).collect::<Vec<_>>());
    swept
}

#[test]
fn set_order_as_it_is_simulated_is_what_the_table_does() {
    for log in [small(), generate(7, 5_000)] {
        let swept = swept(&log);
        let simulated: Vec<_> = swept.rivals.iter().filter(|rival| rival.policy == "set order").collect();
        let real: Vec<_> = swept.cells.iter().filter(|cell| cell.evicted > 0).collect();
        assert!(real.len() > 4, "{real:?}");
        assert_eq!(real.len(), simulated.len());
        for (cell, rival) in real.iter().zip(simulated) {
            assert_eq!((cell.ttl_seconds, cell.capacity), (rival.ttl_seconds, rival.capacity));
            assert_eq!(cell.resolved.exact, rival.exact, "{cell:?}");
        }
    }
}

#[test]
fn nobody_does_better_than_who_knows_the_future_and_with_room_for_all_everybody_does_as_well() {
    let log = generate(9, 5_000);
    let requests = Requests::of(&log);
    let of = |arm: Arm, capacity| {
        hits(&requests, Duration::from_secs(1 << 30), arm.policy(&requests, capacity).as_mut())
    };
    for capacity in [1, 2, 3, 10, 30, 100, 300] {
        let best = of(Arm::Clairvoyant, capacity);
        for arm in Arm::ALL {
            assert!(of(arm, capacity) <= best, "{arm:?} with {capacity}");
        }
    }
    let all = of(Arm::SetOrder, requests.keys);
    assert!(all > 0 && Arm::ALL.into_iter().all(|arm| of(arm, requests.keys) == all));
}

#[test]
fn each_policy_lets_go_what_it_is_described_to() {
    // One record more than there is room for, after the first of three was used; 3 and 9 are new.
    let requests = Requests { all: Vec::new(), keys: 10, in_threads: 0 };
    let left_of = |arm: Arm| {
        let mut policy = arm.policy(&requests, 3);
        (0..3).for_each(|key| policy.set(key));
        assert!(policy.used(0) && policy.used(0) && !policy.used(9));
        policy.set(3);
        (0..4).filter(|key| policy.used(*key)).collect::<Vec<_>>()
    };
    assert_eq!(left_of(Arm::SetOrder), [1, 2, 3]);
    assert_eq!(left_of(Arm::Lru), [0, 2, 3]);
    assert_eq!(left_of(Arm::Sieve), [0, 2, 3]);
    assert_eq!(left_of(Arm::S3Fifo), [0, 2, 3]);
}

#[test]
fn the_sweep_names_the_smallest_setting_that_is_good_enough() {
    let swept = swept(&generate(7, 5_000));
    let (best, enough) = (swept.best().expect("a cell"), swept.good_enough().expect("a cell"));
    let keeps = |exact: u64| exact * 100 >= best.resolved.exact * 99;
    assert!(swept.cells.iter().all(|cell| cell.resolved.exact <= best.resolved.exact));
    assert!(keeps(enough.resolved.exact) && enough.capacity <= best.capacity);
    assert!(swept.cells.iter().all(|cell| cell.capacity >= enough.capacity || !keeps(cell.resolved.exact)));
    let text = SweepReport::new(&swept).to_string();
    assert!(text.contains(&format!("{} records for", enough.capacity)), "{text}");
    let json = serde_json::to_value(SweepReport::new(&swept)).expect("it is data");
    assert_eq!(json["cells"].as_array().expect("a list").len(), 18);
    assert_eq!(json["good_enough"]["capacity"], enough.capacity);
}

#[test]
fn the_picture_has_a_field_for_each_setting_and_one_frame() {
    let svg = heat_map(&swept(&small())).expect("it can be drawn");
    // The ground, and the frame.
    assert_eq!(svg.matches("<rect").count(), 18 + 2);
    assert_eq!(svg.matches("fill=\"none\"").count(), 1);
    let empty = Sweep { messages: 0, thread_messages: 0, cells: Vec::new(), rivals: Vec::new() };
    assert!(heat_map(&empty).is_ok() && empty.good_enough().is_none());
}

#[test]
fn the_grid_can_be_chosen_and_nonsense_is_refused_by_name() {
    let chosen = ["--sweep", "--ttls", "60,5", "--capacities=7", "--svg", "x.svg", "--partitions", "2"];
    let grid = Grid { ttls: vec![60, 5], capacities: vec![7], svg: Some("x.svg".into()) };
    assert_eq!(
        options::parse(chosen),
        Ok(Task::Sweep(Options { partitions: 2, ..Options::default() }, grid))
    );
    for (arguments, why) in [
        (&["--ttls", "60"][..], "add --sweep"),
        (&["--sweep", "--ttl", "60"], "--ttl is one setting"),
        (&["--sweep", "--max-entries", "60"], "--max-entries is one setting"),
        (&["--sweep", "--threads", "2"], "--threads is one setting"),
        (&["--sweep", "--ttls", "60,,5"], "--ttls 60,,5"),
        (&["--sweep", "--ttls", "0"], "--ttls 0"),
        (&["--sweep", "--capacities", "many"], "--capacities many"),
        (&["--sweep", "--svg", ""], "--svg"),
    ] {
        let refused = options::parse(arguments).expect_err("it is nonsense");
        assert!(refused.contains(why), "{arguments:?}: {refused}");
    }
}
