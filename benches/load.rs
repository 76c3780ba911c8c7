//! What is asked of every table: the same names in the same order.

use crate::{
    names::{Name, Names, PER_ROOM},
    rng::{Draw, Rng},
};
use std::fmt;

/// How often which key is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dist {
    Uniform,
    Zipf,
}

impl fmt::Display for Dist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Uniform => "uniform",
            Self::Zipf => "zipf",
        })
    }
}

/// Names in the order in which one thread asks for them.
pub(crate) struct Stream {
    pub(crate) names: Names,
    pub(crate) numbers: Vec<Name>,
}

impl Stream {
    fn new(numbers: Vec<Name>) -> Self {
        Self { names: Names::collect(numbers.iter().copied()), numbers }
    }
}

/// One thread's part.
pub(crate) struct Lane {
    pub(crate) uniform: Stream,
    pub(crate) zipf: Stream,
    /// Threads that are not stored, of rooms that are; each once.
    pub(crate) unknown: Stream,
    /// Names that are not stored, of rooms that are not; each once.
    pub(crate) new: Stream,
}

impl Lane {
    pub(crate) fn hits(&self, dist: Dist) -> &Stream {
        match dist {
            Dist::Uniform => &self.uniform,
            Dist::Zipf => &self.zipf,
        }
    }
}

/// One operation of the mixed workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Resolve,
    Renew,
    Change,
    New,
}

/// What is asked of every table with this many records.
pub(crate) struct Load {
    pub(crate) records: usize,
    /// Names asked for in one round; a stream is longer where there are many records, so that no round finds the
    /// records of the one before in the cache.
    pub(crate) slice: usize,
    pub(crate) lanes: Vec<Lane>,
    /// The mixed workload's operations, in order; as many as a slice has names.
    pub(crate) mix: Vec<Op>,
}

/// Names that are new in the mixed workload, for each thread; more than a run needs.
const NEW: usize = 1 << 15;

impl Load {
    pub(crate) fn new(records: usize, lanes: usize) -> Self {
        let large = records > 100_000;
        let (slice, slices) = if large { (1 << 13, 8) } else { (1 << 13, 1) };
        let mut rng = Rng::new(0x7E90_0E5E);
        let (uniform, zipf) = (Draw::Uniform(records), Draw::zipf(records, &mut rng));
        let lanes = (0..lanes)
            .map(|lane| Lane {
                uniform: hits(&uniform, slice * slices, &mut rng),
                zipf: hits(&zipf, slice * slices, &mut rng),
                unknown: Stream::new(
                    (0..slice)
                        .map(|which| Name::unknown_thread(rng.below(records), lane * slice + which))
                        .collect(),
                ),
                new: Stream::new(
                    (0..NEW)
                        .map(|which| Name::numbered(2 * records + (lane * NEW + which) * PER_ROOM + 1))
                        .collect(),
                ),
            })
            .collect();
        Self { records, slice, lanes, mix: mix(slice, &mut rng) }
    }

    /// Whether the records are too many for the caches.
    pub(crate) fn is_large(&self) -> bool {
        self.records > 100_000
    }

    /// Which names of a stream a round asks for.
    pub(crate) fn part(&self, round: usize) -> std::ops::Range<usize> {
        let slices = self.lanes[0].uniform.numbers.len() / self.slice;
        let start = round % slices * self.slice;
        start..start + self.slice
    }
}

/// Of a hundred operations, 90 resolve, 9 set what is there (half of them the route that is there), one is new.
fn mix(slice: usize, rng: &mut Rng) -> Vec<Op> {
    let mut mix: Vec<Op> = (0..slice)
        .map(|which| match which % 200 {
            0..180 => Op::Resolve,
            180..189 => Op::Renew,
            189..198 => Op::Change,
            _ => Op::New,
        })
        .collect();
    rng.shuffle(&mut mix);
    mix
}

/// Threads, never rooms: a thread is what a message names.
fn hits(draw: &Draw, count: usize, rng: &mut Rng) -> Stream {
    let one = |_| {
        let number = draw.draw(rng);
        Name::numbered(if number.is_multiple_of(PER_ROOM) { number + 1 } else { number })
    };
    Stream::new((0..count).map(one).collect())
}
