//! Sessions.

use super::plot::{Hook, Plot, Wild, WildClock, survives, throw};
use crate::patience::until;
use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Wake, Waker},
    time::Duration,
};
use tenure_core::{Event, ManualClock, Owner, SessionMap};

const CAPACITY: usize = 6;
const TTL: Duration = Duration::from_millis(100);
/// Whatever a map has to look at by the clock, it looks at as often.
const BETWEEN_PASSES: Duration = Duration::from_secs(1);
const ALL: [Hook; 7] =
    [Hook::Clone, Hook::Drop, Hook::Observer, Hook::Clock, Hook::Closure, Hook::Predicate, Hook::Wake];

struct World {
    plot: Arc<Plot>,
    time: ManualClock,
    map: SessionMap<Wild>,
    one: Owner,
    two: Owner,
    /// Taken by the operation that ends it.
    dying: Mutex<Option<Owner>>,
    /// The tasks' own handles, which their runtime drops when all is over.
    wakers: Mutex<Vec<Waker>>,
}

/// A runtime whose wakers misbehave, when they are called and when they are dropped.
struct WildTask(Arc<Plot>);

impl Wake for WildTask {
    fn wake(self: Arc<Self>) {
        self.0.call(Hook::Wake);
    }
}

impl Drop for WildTask {
    fn drop(&mut self) {
        self.0.call(Hook::Wake);
    }
}

impl World {
    /// Sessions of two owners and of one that is about to die, one without owner, and one that has expired.
    fn new() -> Self {
        let plot = Arc::<Plot>::default();
        let time = ManualClock::new();
        let clock = WildClock { time: time.clone(), plot: Arc::clone(&plot) };
        let told = Arc::clone(&plot);
        let observer = move |_: &Event<'_>| told.call(Hook::Observer);
        let builder = SessionMap::builder().capacity(CAPACITY).ownerless_ttl(TTL).clock(clock);
        let map = builder.observer(observer).build().unwrap();
        let (one, two, dying) = (map.owner(), map.owner(), map.owner());
        let wakers = Mutex::default();
        let world = Self { plot, time, map, one, two, dying: Mutex::new(None), wakers };
        let create = |code: &str, owner: Option<&Owner>| {
            world.map.create(code, world.wild(1), owner.map(Owner::name)).unwrap();
        };
        create("expired", None);
        world.time.advance(TTL);
        create("one", Some(&world.one));
        create("two", Some(&world.two));
        create("dying", Some(&dying));
        create("free", None);
        *world.dying.lock().unwrap() = Some(dying);
        world
    }

    fn wild(&self, number: u32) -> Wild {
        Wild::new(number, &self.plot)
    }

    fn all_operations(plot: &Arc<Plot>, map: &SessionMap<Wild>) {
        let owner = map.owner();
        for code in ["one", "expired", "dying", "new"] {
            let _ = map.create(code, Wild::new(2, plot), &owner);
            let _ = map.get(code);
            let _ = map.update(code, |edit| edit.payload_mut().number += 1);
            let _ = map.claim(code);
            let _ = map.hand_over(code, &owner);
            let _ = map.wait_gone(code, Duration::ZERO);
        }
        map.delete("one");
        let _ = (map.count_active(), map.list_active(), map.iter().count());
        drop(owner);
        map.prune();
        map.maintain();
    }

    /// Polls a waiter once, under a waker that misbehaves, and does something that wakes it.
    fn wait(&self, code: &str, change: impl FnOnce(&SessionMap<Wild>)) {
        let waker = Waker::from(Arc::new(WildTask(Arc::clone(&self.plot))));
        let mut until = self.map.until(code, |view| {
            self.plot.call(Hook::Predicate);
            view.payload().number > 100
        });
        let _ = Pin::new(&mut until).poll(&mut Context::from_waker(&waker));
        change(&self.map);
        let _ = Pin::new(&mut until).poll(&mut Context::from_waker(&waker));
        self.wakers.lock().unwrap().push(waker);
    }

    /// Polls something once, under a waker that misbehaves, and keeps none of it: the last is the table's to drop.
    fn polled(&self, future: &mut (impl Future + Unpin)) {
        let waker = Waker::from(Arc::new(WildTask(Arc::clone(&self.plot))));
        let _ = Pin::new(future).poll(&mut Context::from_waker(&waker));
        // Unless it was not kept there.
        let _ = survives(|| drop(waker));
    }

    /// Reads under two wakers that misbehave, one after the other, does something that wakes the second, and gives up
    /// with all unread.
    fn read(&self, map: &SessionMap<Wild>, change: impl FnOnce(&SessionMap<Wild>)) {
        let mut events = map.events(8);
        for _ in 0..2 {
            self.polled(&mut poll_fn(|context| events.poll_recv(context)));
        }
        change(map);
        // One that nobody wakes any more, unless the map was drained.
        self.polled(&mut poll_fn(|context| {
            while events.try_recv().is_some() {}
            events.poll_recv(context)
        }));
    }

    fn audit(self, what: &str) {
        let Self { plot, time, map, one, two, dying, .. } = self;
        plot.disarm();
        drop(dying);
        // What was cut off in the middle is finished by who comes next, without a sweep.
        for _ in 0..2 {
            while map.maintain() {}
            time.advance(BETWEEN_PASSES);
        }
        assert_eq!(map.stats().missed, 0, "{what}");
        let active = map.count_active();
        assert_eq!(map.occupied(), active, "{what}: a place is lost, or given back twice");
        let of =
            |owner: &Owner| map.iter().filter(|session| session.owner == Some(owner.incarnation())).count();
        for owner in [&one, &two] {
            assert_eq!(
                owner.session_count(),
                of(owner),
                "{what}: an owner's place is lost, or given back twice"
            );
        }
        // Also one whose hand-over was cut off in the middle.
        for session in map.list_active() {
            assert_eq!(map.hand_over(&session.code, &one), Ok(()), "{what}");
        }
        assert_eq!((one.session_count(), two.session_count()), (active, 0), "{what}: after handing all over");
        for session in map.list_active() {
            assert!(map.delete(&session.code), "{what}");
        }
        assert_eq!((map.occupied(), one.session_count(), two.session_count()), (0, 0, 0), "{what}");
        for number in 0..CAPACITY {
            assert!(map.create(format!("{number}"), Wild::new(1, &plot), &one).is_ok(), "{what}");
        }
        assert!(map.create("one too many", Wild::new(1, &plot), &one).is_err(), "{what}");
        drop(one);
        assert_eq!(map.count_active(), 0, "{what}");
        drop((map, two));
        until("every payload is dropped, once no other test's guard is in the way", || {
            SessionMap::<Wild>::new().maintain();
            plot.alive() <= 0
        });
        assert_eq!(plot.alive(), 0, "{what}: dropped twice");
    }
}

type Operation = (&'static str, fn(&World));

const OPERATIONS: [Operation; 25] = [
    ("create", |world| _ = world.map.create("new", world.wild(1), &world.one)),
    ("create without owner", |world| _ = world.map.create("new", world.wild(1), None)),
    ("create over an expired one", |world| _ = world.map.create("expired", world.wild(1), &world.one)),
    ("create in a full map", |world| {
        let _ = world.map.create("sixth", world.wild(1), &world.one);
        let _ = world.map.create("seventh", world.wild(1), &world.one);
    }),
    ("create what is there", |world| _ = world.map.create("one", world.wild(1), &world.two)),
    ("create with a new code", |world| _ = world.map.create_with_new_code(world.wild(1), &world.one)),
    ("get", |world| _ = world.map.get("one")),
    ("update", |world| {
        let _ = world.map.update("one", |edit| {
            edit.payload_mut().number = 9;
            world.plot.call(Hook::Closure);
        });
    }),
    ("claim", |world| _ = world.map.claim("one")),
    ("delete", |world| _ = world.map.delete("one")),
    ("hand over", |world| _ = world.map.hand_over("one", &world.two)),
    ("hand over what has no owner", |world| _ = world.map.hand_over("free", &world.two)),
    ("hand over to who has it", |world| _ = world.map.hand_over("two", &world.two)),
    ("hand over all", |world| _ = world.map.hand_over_all(&world.one, &world.two)),
    ("suspend and resume", |world| {
        let Some(owner) = world.dying.lock().unwrap().take() else { return };
        let token = owner.token().unwrap();
        world.wait("dying", |_| _ = owner.suspend(TTL));
        let back = world.map.resume(&token).ok();
        *world.dying.lock().unwrap() = back;
    }),
    ("suspend and come too late", |world| {
        let Some(owner) = world.dying.lock().unwrap().take() else { return };
        let token = owner.suspend(TTL).unwrap();
        world.time.advance(TTL);
        while world.map.maintain() {}
        assert!(world.map.resume(&token).is_err());
    }),
    ("an owner dies", |world| drop(world.dying.lock().unwrap().take())),
    ("prune", |world| _ = world.map.prune()),
    ("maintain", |world| while world.map.maintain() {}),
    ("list, count, iterate", |world| {
        let _ = (world.map.list_active().len(), world.map.count_active(), world.map.iter().count());
    }),
    ("wait and update", |world| {
        world.wait("one", |map| _ = map.update("one", |edit| edit.payload_mut().number = 101));
    }),
    ("wait and delete", |world| world.wait("one", |map| _ = map.delete("one"))),
    ("wait and give up", |world| {
        world.wait("one", |_| {});
        world.wait("two", |map| _ = map.delete("one"));
    }),
    ("read events, and give up", |world| {
        world.read(&world.map, |map| _ = map.update("one", |edit| edit.payload_mut().number = 9));
    }),
    ("drain another map, and drop it", |world| {
        let other = SessionMap::new();
        other.create("one", world.wild(1), None).unwrap();
        world.read(&other, |map| world.polled(&mut map.drain()));
    }),
];

/// How often it misbehaved, in all.
fn all(hooks: &[Hook], act: impl Fn(&World) -> Arc<dyn Fn() + Send + Sync>) -> usize {
    let mut times = 0;
    for &hook in hooks {
        for (name, operation) in OPERATIONS {
            for nth in 1.. {
                let world = World::new();
                world.plot.arm(hook, nth, act(&world));
                let survived = survives(|| operation(&world));
                let _ = survives(|| while world.map.maintain() {});
                let fired = world.plot.fired() > 0;
                if !survived {
                    // (What was never stored is dropped in the caller's hands.)
                    let contained = matches!(hook, Hook::Observer | Hook::Wake);
                    assert!(fired && !contained, "{name}, {hook:?}: not contained");
                }
                world.audit(&format!("{name}, {hook:?} {nth}"));
                if !fired {
                    break;
                }
                times += 1;
            }
        }
    }
    times
}

#[test]
fn a_map_of_sessions_survives_user_code_that_panics() {
    let times = all(&ALL, |_| Arc::new(throw));
    assert!(times > 100, "user code was called {times} times only");
}

#[test]
fn a_map_of_sessions_survives_user_code_that_goes_on_panicking() {
    // (A destructor that does so ends the process, wherever two values are dropped by one panic.)
    let times = all(&[Hook::Clone, Hook::Observer, Hook::Clock, Hook::Closure, Hook::Predicate], |world| {
        world.plot.go_on();
        Arc::new(throw)
    });
    assert!(times > 100, "user code was called {times} times only");
}

#[test]
fn a_map_of_sessions_survives_user_code_that_calls_it_back() {
    let times = all(&ALL, |world| {
        let (plot, map) = (Arc::clone(&world.plot), world.map.clone());
        Arc::new(move || World::all_operations(&plot, &map))
    });
    assert!(times > 100, "user code was called {times} times only");
}
