//! One table with its records, and the prebuilt keys and routes that it is asked with.

use crate::{
    load::{Dist, Lane, Load, Stream},
    names::Name,
    peers::{Asked, Routes, Setup, label},
    tasks::{Task, Turn},
    userroute::RouteText,
};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Routes that a set may change to, in each of two versions.
const OTHERS: usize = 512;

/// A table that takes part: [`World`] without its type.
pub(crate) trait Stand {
    fn label(&self) -> &str;
    /// What must be done before a round and is not timed.
    fn before(&self, task: Task, load: &Load, round: usize);
    /// One thread's part of a round; how many operations.
    fn work(&self, task: Task, load: &Load, turn: Turn) -> usize;
    /// Answers as expected, or panics.
    fn check(&self, load: &Load);
    fn len(&self) -> usize;
}

/// A table that takes part.
pub(crate) enum Entrant {
    /// In rounds of any number of threads.
    Shared(Box<dyn Stand + Send + Sync>),
    /// In rounds of one thread.
    Single(Box<dyn Stand>),
}

impl Entrant {
    pub(crate) fn stand(&self) -> &dyn Stand {
        match self {
            Self::Shared(stand) => &**stand,
            Self::Single(stand) => &**stand,
        }
    }

    pub(crate) fn shared(&self) -> Option<&(dyn Stand + Send + Sync)> {
        match self {
            Self::Shared(stand) => Some(&**stand),
            Self::Single(_) => None,
        }
    }
}

/// Prebuilt keys in the order of a stream.
pub(crate) struct Keys<R: Routes> {
    exact: Vec<R::Key>,
    room: Vec<R::Key>,
    /// The route that is there, made anew.
    pub(crate) routes: Vec<R::Route>,
}

impl<R: Routes> Keys<R> {
    fn new(stream: &Stream, routed: bool) -> Self {
        let names = || (0..stream.names.len()).map(|index| stream.names.get(index));
        Self {
            exact: names().map(R::key).collect(),
            room: names().map(|parts| R::key(parts.to_room())).collect(),
            routes: stream.numbers.iter().filter(|_| routed).map(|name| route::<R>(*name, 0)).collect(),
        }
    }

    #[inline]
    pub(crate) fn asked(&self, index: usize) -> Asked<'_, R::Key> {
        Asked { exact: &self.exact[index], room: &self.room[index] }
    }

    #[inline]
    pub(crate) fn exact(&self, index: usize) -> &R::Key {
        &self.exact[index]
    }
}

/// One thread's prebuilt keys.
pub(crate) struct Prebuilt<R: Routes> {
    uniform: Keys<R>,
    zipf: Keys<R>,
    pub(crate) unknown: Keys<R>,
    pub(crate) new: Keys<R>,
    /// How many of the new ones have been set.
    pub(crate) news: AtomicUsize,
}

impl<R: Routes> Prebuilt<R> {
    fn new(lane: &Lane) -> Self {
        Self {
            uniform: Keys::new(&lane.uniform, true),
            zipf: Keys::new(&lane.zipf, true),
            unknown: Keys::new(&lane.unknown, false),
            new: Keys::new(&lane.new, false),
            news: AtomicUsize::new(0),
        }
    }

    pub(crate) fn hits(&self, dist: Dist) -> &Keys<R> {
        match dist {
            Dist::Uniform => &self.uniform,
            Dist::Zipf => &self.zipf,
        }
    }
}

/// A table with its records and all that it will be asked.
pub(crate) struct World<R: Routes> {
    label: String,
    pub(crate) table: R,
    pub(crate) lanes: Vec<Prebuilt<R>>,
    /// For each thread, two versions of routes that nobody has at first. Each thread has its own, so that two do not
    /// count references to the same ones.
    pub(crate) others: Vec<[Vec<R::Route>; 2]>,
    /// The same as a gateway makes them; each thread's are made anew for each round.
    owned: Vec<[Vec<R::Owned>; 2]>,
    pub(crate) made: Vec<Mutex<Vec<R::Owned>>>,
}

fn route<R: Routes>(name: Name, version: usize) -> R::Route {
    R::route(RouteText::of(name, version))
}

impl<R: Routes> World<R> {
    pub(crate) fn new(load: &Load, bounded: bool) -> Self {
        let table = R::new(Setup { bounded, ..Setup::roomy(load.records) });
        for number in 0..load.records {
            let name = Name::numbered(number);
            table.set(&R::key(name.owned().parts()), route::<R>(name, 0));
        }
        let version = |lane: usize, version: usize| -> Vec<R::Owned> {
            let names = (lane * OTHERS..(lane + 1) * OTHERS).map(Name::numbered);
            names.map(|name| R::owned(RouteText::of(name, version))).collect()
        };
        let owned: Vec<_> =
            (0..load.lanes.len()).map(|lane| [1, 2].map(|which| version(lane, which))).collect();
        let ready = |routes: &Vec<R::Owned>| routes.iter().cloned().map(R::ready).collect();
        let others = owned.iter().map(|versions| versions.each_ref().map(ready)).collect();
        let made = owned.iter().map(|_| Mutex::new(Vec::with_capacity(load.slice))).collect();
        let lanes = load.lanes.iter().map(Prebuilt::new).collect();
        Self { label: label::<R>(), table, lanes, others, owned, made }
    }

    /// The next new key of a lane.
    #[inline]
    pub(crate) fn next_new(&self, lane: usize) -> &R::Key {
        let lane = &self.lanes[lane];
        // Relaxed: each lane has one thread.
        let next = lane.news.load(Ordering::Relaxed);
        lane.news.store(next + 1, Ordering::Relaxed);
        lane.new.exact(next % lane.new.exact.len())
    }

    fn right(&self, stream: &Stream, keys: &Keys<R>, stored: impl Fn(Name) -> Name) {
        let mut buffer = R::Buffer::default();
        for (index, name) in stream.numbers.iter().enumerate().step_by(stream.numbers.len().div_ceil(500)) {
            let want = RouteText::of(stored(*name), 0).external_room;
            let is =
                |route: &R::Route| assert_eq!(R::external_room(route), want, "{} of {name:?}", self.label);
            let asked = keys.asked(index);
            let found = self.table.peek(&asked, is);
            assert!(found.is_some(), "{} has nothing for {name:?}", self.label);
            // A fallback would be written down.
            if stored(*name) == *name {
                assert!(self.table.resolve(&asked, is).is_some());
                assert!(self.table.resolve_parts(stream.names.get(index), &mut buffer, is).is_some());
            }
        }
    }
}

impl<R: Routes> Stand for World<R> {
    fn label(&self) -> &str {
        &self.label
    }

    fn before(&self, task: Task, load: &Load, round: usize) {
        match task {
            Task::Learn => {
                for (lane, keys) in load.lanes.iter().zip(&self.lanes) {
                    (0..lane.unknown.numbers.len())
                        .for_each(|index| self.table.remove(keys.unknown.exact(index)));
                }
            }
            Task::Replace(dist) => {
                for (lane, keys) in self.lanes.iter().enumerate() {
                    let versions = &self.owned[lane][round % 2];
                    let mut made = self.made[lane].lock();
                    made.clear();
                    made.extend((0..load.slice).map(|index| versions[index % OTHERS].clone()));
                    // What the others have driven out of the caches.
                    for index in load.part(round).filter(|_| !load.is_large()) {
                        self.table.peek(&keys.hits(dist).asked(index), |_| ());
                    }
                }
            }
            _ => {}
        }
    }

    fn work(&self, task: Task, load: &Load, turn: Turn) -> usize {
        task.work(self, load, turn)
    }

    fn check(&self, load: &Load) {
        for (lane, keys) in load.lanes.iter().zip(&self.lanes) {
            self.right(&lane.uniform, &keys.uniform, |name| name);
            self.right(&lane.zipf, &keys.zipf, |name| name);
            self.right(&lane.unknown, &keys.unknown, Name::room);
        }
        assert_eq!(self.table.len(), load.records, "{}", self.label);
    }

    fn len(&self) -> usize {
        self.table.len()
    }
}
