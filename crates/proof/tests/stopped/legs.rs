//! The legs of a run, and what is said of them.

use crate::{
    ARENA, cost,
    crew::{Crew, Dice, Plan, Tally},
    fail, halt,
    peers::{Dash, Map, Peer, Sharded},
    tenure::Tenure,
};
use std::{
    env,
    time::{Duration, Instant},
};

/// Stops in one pair of tables; then come new ones, whose growth begins again.
const STOPS_PER_TABLE: usize = 25;

pub(crate) fn main() {
    let mut stops = 60;
    let mut seed = 1;
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next().and_then(|value| value.parse::<u64>().ok())) {
            ("--stops", Some(value)) => stops = value as usize,
            ("--seed", Some(value)) => seed = value,
            // What a test runner asks.
            ("--list", _) => return println!("stopped: test"),
            (other, _) => println!("{other:?} means nothing here: --stops N, --seed N"),
        }
    }
    halt::prepare();
    tenure(stops, seed);
    let few = (stops / 8).clamp(15, 200);
    for (name, tally) in [peer::<Dash>(few, seed), peer::<Sharded>(few, seed)] {
        println!("{name}: {} of {} stops hung the others: in {:?}", tally.hangs(), tally.stops(), tally.hung);
        if tally.hangs() == 0 {
            fail(&format!("{name} has locks, and no stop was seen to hang it: this test cannot fail"));
        }
    }
    cost::report();
    for_ever((stops / 5).clamp(10, 100), seed);
    println!("arena: {} MiB used", ARENA.used() >> 20);
}

/// Stops threads of Tenure.
fn tenure(stops: usize, seed: u64) {
    let since = Instant::now();
    let mut total = Tally::default();
    let mut tables = 0;
    while total.stops() < stops {
        tables += 1;
        let plan = Plan {
            workers: 4,
            stops: STOPS_PER_TABLE.min(stops - total.stops()),
            cycles: 2,
            patience: Duration::from_secs(120),
            for_ever: false,
            seed: seed << 32 | tables,
        };
        total.add(Crew::new(Tenure::new(tables), plan, plan.workers).run(false));
    }
    println!("Tenure: 0 of {} stops hung the others (seed {seed}, {:?})", total.stops(), since.elapsed());
    print!("{total}");
}

/// The same over another map: answers how many stops hung it.
fn peer<M: Map>(stops: usize, seed: u64) -> (&'static str, Tally) {
    let plan =
        Plan { workers: 4, stops, cycles: 20, patience: Duration::from_millis(250), for_ever: false, seed };
    (M::NAME, Crew::new(Peer::<M>::new(), plan, plan.workers).run(true))
}

/// Threads that are never let go: they pile up in one pair of tables.
fn for_ever(stops: usize, seed: u64) {
    let plan =
        Plan { workers: 4, stops, cycles: 1, patience: Duration::from_secs(120), for_ever: true, seed };
    // For as long as the process lives, as the threads that are stopped in it do.
    let crew: &'static Crew<Tenure> =
        Box::leak(Box::new(Crew::new(Tenure::new(0), plan, stops + plan.workers)));
    let (mut dice, mut tally) = (Dice::new(seed), Tally::default());
    let mut at_work: Vec<usize> = (0..plan.workers).collect();
    for &index in &at_work {
        std::thread::spawn(move || crew.work(index));
    }
    while tally.stops() < stops {
        let round = crew.round(&at_work, &mut dice, false, &mut tally).unwrap_or_else(|why| fail(&why));
        let Some(round) = round else { continue };
        // It is never released. Its place is taken by a new thread.
        let next = plan.workers + tally.stops() - 1;
        at_work.retain(|&index| index != round.victim);
        at_work.push(next);
        std::thread::spawn(move || crew.work(next));
    }
    tally.done = crew.done();
    println!("Tenure, {} threads stopped for ever in one pair of tables: 0 hung the others", tally.stops());
    print!("{tally}");
}
