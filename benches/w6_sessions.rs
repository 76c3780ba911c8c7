//! W6: a session is created, looked at, updated and deleted. W6g: sessions that are there are looked at.

use crate::{
    load::Load,
    rng::{Rng, mix},
    session_peers::Sessions,
    tasks::{Task, Turn},
    world::Stand,
};

/// Sessions of one owner among those that are there all the time.
const PER_OWNER: usize = 10;

/// The signs of Tenure's codes.
const SIGNS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// The code with this number: eight signs.
pub(crate) fn code(number: usize) -> String {
    let bits = mix(number as u64);
    // 40 bits of a scrambled number; the low ones of the number itself keep any two of a run apart.
    let bits = bits << 24 | number as u64 & 0xFF_FFFF;
    (0..8).map(|place| char::from(SIGNS[(bits >> (5 * place)) as usize % 32])).collect()
}

struct Lane<S: Sessions> {
    hits: Vec<String>,
    fresh: Vec<String>,
    owner: S::Owner,
    info: S::Info,
}

/// A session store with its sessions, and the codes that it is asked for.
pub(crate) struct SessionWorld<S: Sessions> {
    store: S,
    lanes: Vec<Lane<S>>,
    /// They keep their sessions alive.
    owners: Vec<S::Owner>,
}

impl<S: Sessions> SessionWorld<S> {
    pub(crate) fn new(load: &Load) -> Self {
        let store = S::new();
        let mut owners = Vec::new();
        for number in 0..load.records {
            if number.is_multiple_of(PER_OWNER) {
                owners.push(store.owner());
            }
            let owner = owners.last().expect("one was made for the first");
            assert!(store.create(&code(number), owner), "{}: code {number} is taken", S::PEER);
        }
        let mut rng = Rng::new(0x5E55_1065);
        let asked = load.lanes[0].uniform.numbers.len();
        let lanes = (0..load.lanes.len()).map(|lane| {
            let fresh = load.records + lane * load.slice..load.records + (lane + 1) * load.slice;
            Lane {
                hits: (0..asked).map(|_| code(rng.below(load.records))).collect(),
                fresh: fresh.map(code).collect(),
                owner: store.owner(),
                info: S::info(),
            }
        });
        let lanes = lanes.collect();
        Self { store, lanes, owners }
    }

    fn cycle(&self, turn: Turn) -> usize {
        let lane = &self.lanes[turn.lane];
        for _ in 0..turn.passes {
            for code in &lane.fresh {
                let done = self.store.create(code, &lane.owner)
                    && self.store.get(code)
                    && self.store.update(code, &lane.info)
                    && self.store.delete(code);
                assert!(done, "{}: a session's life was cut short", S::PEER);
            }
        }
        lane.fresh.len() * turn.passes
    }

    fn get(&self, load: &Load, turn: Turn) -> usize {
        let lane = &self.lanes[turn.lane];
        let mut found = 0;
        for _ in 0..turn.passes {
            found += lane.hits[load.part(turn.round)].iter().filter(|code| self.store.get(code)).count();
        }
        assert_eq!(found, load.slice * turn.passes, "{}: every session asked for is there", S::PEER);
        found
    }
}

impl<S: Sessions> Stand for SessionWorld<S> {
    fn label(&self) -> &str {
        S::PEER
    }

    fn before(&self, _: Task, _: &Load, _: usize) {}

    fn work(&self, task: Task, load: &Load, turn: Turn) -> usize {
        if task == Task::SessionGet { self.get(load, turn) } else { self.cycle(turn) }
    }

    fn check(&self, load: &Load) {
        assert_eq!(self.store.len(), load.records, "{}", S::PEER);
        assert_eq!(self.owners.len(), load.records.div_ceil(PER_OWNER));
        assert!(!self.store.get("nothing"), "{}", S::PEER);
    }

    fn len(&self) -> usize {
        self.store.len()
    }
}
