//! All operations of both tables.

use crate::crew::{Dice, World};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};
use tenure_core::{
    AsKey, EventQueue, Gone, KeyRef, Owner, Pruner, Record, RouteTable, SessionMap, Status, WaitError, pin,
};

/// Rooms, each with a record of its own and two threads: more keys than places.
const ROOMS: u64 = 24;
const PLACES: usize = 16;
/// Codes that everybody creates, changes and deletes.
const CODES: u64 = 12;
/// Sessions that stay, on which everybody waits and rings.
const MEETINGS: u64 = 3;
const TTL: Duration = Duration::from_millis(20);

/// What a session carries: a number of its own, and how often it was changed.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    id: u64,
    changes: u64,
}

pub(crate) struct Tenure {
    routes: RouteTable<String>,
    /// Whose partitions are failed to see whether the background thread works.
    canary: RouteTable<&'static str>,
    sessions: SessionMap<Ticket>,
    events: EventQueue,
    /// Keeps the meetings alive.
    host: Owner,
    next_id: AtomicU64,
    name: String,
}

/// A worker's own.
pub(crate) struct Hand {
    worker: usize,
    owner: Owner,
    made: u64,
}

/// Counts how often it was woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

impl Bell {
    fn rung(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }
}

/// One who waits for the end of a session, from before a stop until after it.
pub(crate) struct Watcher {
    code: String,
    id: u64,
    bell: Arc<Bell>,
    gone: Gone<Ticket>,
    answered: bool,
}

type Act = fn(&Tenure, &mut Hand, &mut Dice) -> Result<(), String>;

const ACTS: [(&str, Act); 35] = [
    ("set", Tenure::set),
    ("set again", Tenure::set_again),
    ("set with a ttl", Tenure::set_with_ttl),
    ("get", |tenure, _, dice| tenure.read(dice, |table, key| table.get(key).ok())),
    ("peek", |tenure, _, dice| tenure.read(dice, |table, key| table.peek(key).ok())),
    ("resolve", |tenure, _, dice| tenure.resolve(dice, false)),
    ("resolve, fallback given", |tenure, _, dice| tenure.resolve(dice, true)),
    ("peek_resolve", Tenure::peek_resolve),
    ("touch", |tenure, _, dice| tenure.on_key(dice, |table, key| _ = table.touch(key))),
    ("touch with a ttl", |tenure, _, dice| {
        tenure.on_key(dice, |table, key| _ = table.touch_with_ttl(key, TTL * 2))
    }),
    ("remove", |tenure, _, dice| tenure.on_key(dice, |table, key| _ = table.remove(key))),
    ("prune", |tenure, _, _| done(tenure.routes.prune())),
    ("prune a partition", |tenure, _, dice| {
        let partition = tenure.routes.partition(dice.below(2) as usize);
        done(partition.map(|partition| partition.prune()))
    }),
    ("len, stats", Tenure::sizes),
    ("iter", Tenure::iterate),
    ("iter_room", |tenure, _, dice| {
        tenure.on_key(dice, |table, key| {
            _ = table.iter_room(key, &pin()).map(|record| record.route().len()).sum::<usize>();
        })
    }),
    ("maintain", |tenure, _, _| done((tenure.routes.maintain(), tenure.sessions.maintain()))),
    ("change settings", Tenure::settings),
    ("events", |tenure, _, _| done((0..16).map_while(|_| tenure.events.try_recv()).count())),
    ("create", Tenure::create),
    ("create without owner", Tenure::create_without_owner),
    ("create, new code", Tenure::create_with_new_code),
    ("session get", |tenure, _, dice| done(tenure.sessions.get(&code(dice)))),
    ("session peek", |tenure, _, dice| {
        done(tenure.sessions.get_view(&code(dice), &pin()).map(|view| view.payload().changes))
    }),
    ("update", |tenure, _, dice| {
        done(tenure.sessions.update(&code(dice), |edit| edit.payload_mut().changes += 1))
    }),
    ("claim", |tenure, _, dice| done(tenure.sessions.claim(&code(dice)))),
    ("delete", |tenure, _, dice| done(tenure.sessions.delete(&code(dice)))),
    ("hand_over", |tenure, hand, dice| done(tenure.sessions.hand_over(&code(dice), &hand.owner))),
    ("hand_over_all", Tenure::hand_over_all),
    ("suspend, resume", Tenure::suspend_and_resume),
    ("owner dies", Tenure::owner_dies),
    ("large owner dies", Tenure::large_owner_dies),
    ("count, list, iter", Tenure::look_at_all),
    ("wait and be told", Tenure::wait_and_be_told),
    ("wait with a limit", |tenure, _, dice| {
        // Some milliseconds, by the clock's resolution: now and then.
        let waits = dice.below(8) == 0;
        done(waits.then(|| tenure.sessions.wait_gone(&code(dice), Duration::ZERO)))
    }),
];

const KINDS: [&str; ACTS.len()] = {
    let mut kinds = [""; ACTS.len()];
    let mut kind = 0;
    while kind < ACTS.len() {
        kinds[kind] = ACTS[kind].0;
        kind += 1;
    }
    kinds
};

#[expect(clippy::unnecessary_wraps, reason = "what every act answers")]
fn done<T>(_answer: T) -> Result<(), String> {
    Ok(())
}

fn code(dice: &mut Dice) -> String {
    format!("code {}", dice.below(CODES))
}

impl Tenure {
    pub(crate) fn new(number: u64) -> Self {
        let name = format!("tend{number}");
        let pruner = Pruner::spawn(&name).expect("a thread");
        let events = EventQueue::new(64);
        let routes = RouteTable::builder().partitions(2).max_entries_per_partition(PLACES).ttl(TTL);
        let routes =
            routes.prune_interval(TTL).observer(events.clone()).pruner(&pruner).build().expect("valid");
        let canary = RouteTable::builder().partitions(1).pruner(&pruner).build().expect("valid");
        let sessions = SessionMap::builder().capacity(400).ownerless_ttl(TTL).observer(events.clone());
        let sessions = sessions.pruner(&pruner).build().expect("valid");
        let host = sessions.owner();
        for meeting in 0..MEETINGS {
            let ticket = Ticket { id: meeting, changes: 0 };
            sessions.create(format!("meeting {meeting}"), ticket, &host).expect("room for it");
        }
        Self { routes, canary, sessions, events, host, next_id: AtomicU64::new(MEETINGS), name }
    }

    fn with_key<T>(&self, dice: &mut Dice, act: impl FnOnce(&RouteTable<String>, KeyRef<'_>) -> T) -> T {
        let room = format!("room {}", dice.below(ROOMS));
        let thread = ["one", "two"].get(dice.below(3) as usize).copied();
        act(&self.routes, KeyRef::new("irc", "net", &room, thread))
    }

    #[expect(clippy::unnecessary_wraps, reason = "what every act answers")]
    fn on_key(
        &self,
        dice: &mut Dice,
        act: impl FnOnce(&RouteTable<String>, KeyRef<'_>),
    ) -> Result<(), String> {
        self.with_key(dice, act);
        Ok(())
    }

    /// A route under its own key: so that a wrong one is noticed.
    fn set(&self, _: &mut Hand, dice: &mut Dice) -> Result<(), String> {
        let version = dice.below(1_000_000);
        self.with_key(dice, |table, key| done(table.set(key, format!("{key}#{version}"))))
    }

    fn set_again(&self, _: &mut Hand, dice: &mut Dice) -> Result<(), String> {
        self.with_key(dice, |table, key| match table.peek(key) {
            Ok(record) => done(table.set(key, record.route)),
            Err(_) => Ok(()),
        })
    }

    fn set_with_ttl(&self, _: &mut Hand, dice: &mut Dice) -> Result<(), String> {
        let ttl = Duration::from_millis(1 + dice.below(30));
        self.with_key(dice, |table, key| done(table.set_with_ttl(key, format!("{key}#0"), ttl)))
    }

    fn read(
        &self,
        dice: &mut Dice,
        read: impl FnOnce(&RouteTable<String>, KeyRef<'_>) -> Option<Record<String>>,
    ) -> Result<(), String> {
        self.with_key(dice, |table, key| match read(table, key) {
            Some(record) if !record.route.starts_with(&key.room_scope().to_string()) => {
                Err(format!("{key} leads to {}", record.route))
            }
            _ => Ok(()),
        })
    }

    fn resolve(&self, dice: &mut Dice, given: bool) -> Result<(), String> {
        self.with_key(dice, |table, key| {
            let fallback = [String::new(), format!("{key}#given")];
            let room = key.room_scope().to_string();
            match table.resolve(key, if given { &fallback } else { &[] }) {
                Ok(answer) if !answer.route.starts_with(&room) => {
                    Err(format!("{key} leads to {}", answer.route))
                }
                Err(error) if given => Err(format!("{key} was given a fallback, and {error}")),
                _ => Ok(()),
            }
        })
    }

    fn peek_resolve(&self, _: &mut Hand, dice: &mut Dice) -> Result<(), String> {
        self.with_key(dice, |table, key| done(table.peek_resolve(key, &[])))
    }

    fn sizes(&self, _: &mut Hand, _: &mut Dice) -> Result<(), String> {
        let (len, bound) = (self.routes.len(), 2 * PLACES);
        let stats = (self.routes.stats().set, self.sessions.stats().created, self.sessions.occupied());
        if len > bound { Err(format!("{len} records where {bound} are allowed; {stats:?}")) } else { Ok(()) }
    }

    fn iterate(&self, _: &mut Hand, _: &mut Dice) -> Result<(), String> {
        let guard = pin();
        let strange = self.routes.iter(&guard).find(|record| {
            let room = record.key().to_room().to_string();
            !record.route().starts_with(&room)
        });
        strange.map_or(Ok(()), |record| Err(format!("{} leads to {}", record.key(), record.route())))
    }

    fn settings(&self, _: &mut Hand, dice: &mut Dice) -> Result<(), String> {
        let ttl = TTL + Duration::from_millis(dice.below(3));
        let set = self.routes.set_ttl(ttl).and(self.routes.set_prune_interval(ttl));
        set.and(self.routes.set_max_entries_per_partition(PLACES - dice.below(4) as usize))
            .map_err(|error| error.to_string())?;
        if dice.below(8) == 0 {
            self.routes.fail_partition(dice.below(2) as usize);
        }
        Ok(())
    }

    fn ticket(&self) -> Ticket {
        Ticket { id: self.next_id.fetch_add(1, Ordering::Relaxed), changes: 0 }
    }

    /// While an owner is alive, what it has created is there until somebody deletes it or hands it over.
    fn create(&self, hand: &mut Hand, dice: &mut Dice) -> Result<(), String> {
        let own = format!("own {}", hand.worker);
        let ticket = self.ticket();
        let id = ticket.id;
        let _ = self.sessions.create(code(dice), self.ticket(), &hand.owner);
        if self.sessions.create(own.as_str(), ticket, &hand.owner).is_err() {
            // Full: of sessions that a stopped thread has in its hands, or of others.
            return Ok(());
        }
        let there = self.sessions.get(&own).is_some_and(|session| session.payload.id == id);
        if !there {
            return Err(format!("{own:?} is gone, although its owner is alive and nobody deletes it"));
        }
        let deleted = self.sessions.delete(&own);
        if deleted && !self.sessions.contains(&own) {
            Ok(())
        } else {
            Err(format!("{own:?} is deleted and there"))
        }
    }

    fn create_without_owner(&self, _: &mut Hand, dice: &mut Dice) -> Result<(), String> {
        done(self.sessions.create(code(dice), self.ticket(), None))
    }

    fn create_with_new_code(&self, hand: &mut Hand, _: &mut Dice) -> Result<(), String> {
        done(
            self.sessions
                .create_with_new_code(self.ticket(), &hand.owner)
                .map(|code| self.sessions.delete(&code)),
        )
    }

    /// What another owner is given outlives the one that had it.
    fn hand_over_all(&self, hand: &mut Hand, _: &mut Dice) -> Result<(), String> {
        let old = self.sessions.owner();
        let own = format!("moving {}", hand.worker);
        if self.sessions.create(own.as_str(), self.ticket(), &old).is_err() {
            return Ok(());
        }
        let moved = self.sessions.hand_over_all(&old, &hand.owner);
        drop(old);
        let deleted = self.sessions.delete(&own);
        if moved == Ok(1) && deleted {
            Ok(())
        } else {
            Err(format!("{own:?} was handed over ({moved:?}), and deleted: {deleted}"))
        }
    }

    /// Nobody else has the token, and the time is not over.
    fn suspend_and_resume(&self, hand: &mut Hand, _: &mut Dice) -> Result<(), String> {
        let owner = self.sessions.owner();
        let own = format!("suspended {}", hand.worker);
        let created = self.sessions.create(own.as_str(), self.ticket(), &owner).is_ok();
        let token = owner.suspend(Duration::from_secs(3_600)).map_err(|error| error.to_string())?;
        let there = self.sessions.get(&own).is_some_and(|session| session.suspended_until.is_some());
        let owner = self.sessions.resume(&token).map_err(|error| error.to_string())?;
        drop(owner);
        if there == created && !self.sessions.contains(&own) {
            Ok(())
        } else {
            Err(format!("{own:?} was created: {created}, was there while its owner was suspended: {there}"))
        }
    }

    fn owner_dies(&self, hand: &mut Hand, dice: &mut Dice) -> Result<(), String> {
        let owner = self.sessions.owner();
        let own = format!("dying {}", hand.worker);
        let _ = self.sessions.create(own.as_str(), self.ticket(), &owner);
        let _ = self.sessions.hand_over(&code(dice), &owner);
        drop(owner);
        if self.sessions.contains(&own) { Err(format!("{own:?} outlives its owner")) } else { Ok(()) }
    }

    fn large_owner_dies(&self, hand: &mut Hand, _: &mut Dice) -> Result<(), String> {
        hand.made += 1;
        if !hand.made.is_multiple_of(4) {
            return Ok(());
        }
        let owner = self.sessions.owner();
        for number in 0..96 {
            let _ = self.sessions.create(format!("large {} {number}", hand.worker), self.ticket(), &owner);
        }
        drop(owner);
        let seen =
            self.sessions.iter().find(|session| session.code.starts_with(&format!("large {} ", hand.worker)));
        seen.map_or(Ok(()), |session| Err(format!("{:?} outlives its owner", session.code)))
    }

    fn look_at_all(&self, _: &mut Hand, _: &mut Dice) -> Result<(), String> {
        let (count, list) = (self.sessions.count_active(), self.sessions.list_active());
        let sorted = list.windows(2).all(|pair| pair[0].created.tick >= pair[1].created.tick);
        let claimed = self.sessions.iter().filter(|session| session.status == Status::Connected).count();
        if sorted {
            Ok(())
        } else {
            Err(format!("a list of {count} sessions, {claimed} claimed, is out of order"))
        }
    }

    /// Who waits is told by whoever changes the session next, at the latest when that call returns.
    fn wait_and_be_told(&self, _: &mut Hand, dice: &mut Dice) -> Result<(), String> {
        let code = format!("meeting {}", dice.below(MEETINGS));
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        let mut context = Context::from_waker(&waker);
        let mut never = self.sessions.until(&code, |_| false);
        if Pin::new(&mut never).poll(&mut context).is_ready() {
            return Err(format!("{code:?} is gone"));
        }
        let change = self.sessions.update(&code, |edit| edit.payload_mut().changes += 1);
        if change.is_err() || !bell.rung() {
            return Err(format!("{code:?} was changed ({change:?}) and who waits for it was not told"));
        }
        Ok(())
    }
}

impl World for Tenure {
    type Hand = Hand;
    type Watch = Vec<Watcher>;

    fn kinds(&self) -> &'static [&'static str] {
        &KINDS
    }

    fn hand(&self, worker: usize) -> Hand {
        Hand { worker, owner: self.sessions.owner(), made: 0 }
    }

    fn perform(&self, hand: &mut Hand, kind: usize, dice: &mut Dice) -> Result<(), String> {
        ACTS[kind].1(self, hand, dice)
    }

    fn background(&self) -> Option<&str> {
        Some(&self.name)
    }

    /// Out of service until the background thread puts an empty partition in its place.
    fn leave_work(&self) {
        self.canary.fail_partition(0);
    }

    fn has_worked(&self) -> bool {
        self.canary.partition(0).is_some_and(|partition| partition.is_available())
    }

    fn watch(&self) -> Vec<Watcher> {
        debug_assert!(self.host.is_alive());
        let watcher = |code: u64| {
            let code = format!("code {code}");
            let gone = self.sessions.gone(&code);
            let mut watcher = Watcher { code, id: 0, bell: Arc::default(), gone, answered: false };
            let waits = watcher.poll().is_pending();
            // After that: the session that is watched, or a later one.
            watcher.id = self.sessions.get(&watcher.code)?.payload.id;
            waits.then_some(watcher)
        };
        (0..CODES).filter_map(watcher).collect()
    }

    /// Who waits for the end of a session is woken when it has ended, and told how, whoever else is stopped.
    fn owes(&self, watch: &mut Vec<Watcher>) -> Result<Option<String>, String> {
        for watcher in watch.iter_mut().filter(|watcher| !watcher.answered) {
            let lives =
                self.sessions.get(&watcher.code).is_some_and(|session| session.payload.id == watcher.id);
            if !lives && !watcher.bell.rung() {
                return Ok(Some(format!(
                    "{:?} has ended, and who waits for that is not woken",
                    watcher.code
                )));
            }
            if watcher.bell.rung() {
                watcher.bell = Arc::default();
                match watcher.poll() {
                    Poll::Ready(Ok(_)) => watcher.answered = true,
                    Poll::Ready(Err(error)) => {
                        return Err(format!("waiting for {:?}: {error}", watcher.code));
                    }
                    Poll::Pending => {}
                }
            }
        }
        Ok(None)
    }
}

impl Watcher {
    fn poll(&mut self) -> Poll<Result<tenure_core::EndCause, WaitError>> {
        let waker = Waker::from(Arc::clone(&self.bell));
        Pin::new(&mut self.gone).poll(&mut Context::from_waker(&waker))
    }
}
