//! The defects of the reference's session store, one test each, by their number in the specification.
//!
//! Beside each law stands a naive twin: a few lines that have the defect. The same check that the map passes must
//! catch the twin, or it would prove nothing.

mod patience;

use patience::until;
use std::{
    collections::HashMap,
    sync::{
        Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use tenure_core::{
    ClaimError, CreateErrorKind, EndCause, Event, ManualClock, Owner, Session, SessionMap, Status, WaitError,
};

const ROUNDS: usize = 2_000;
const LONG: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a check needs of a store, so that map and twin take the same one. Owners are numbers; a payload is two counts.
trait Store {
    fn create(&mut self, code: &str, owner: usize);
    fn delete(&mut self, code: &str);
    fn die(&mut self, owner: usize);
    fn hand_over(&mut self, code: &str, to: usize);
    fn has(&self, code: &str) -> bool;
    /// What an owner still keeps of its sessions.
    fn traces(&self, owner: usize) -> usize;
}

#[derive(Default)]
struct Tenure {
    map: SessionMap<()>,
    owners: HashMap<usize, Owner>,
}

impl Tenure {
    fn owner(&mut self, owner: usize) -> &Owner {
        self.owners.entry(owner).or_insert_with(|| self.map.owner())
    }
}

impl Store for Tenure {
    fn create(&mut self, code: &str, owner: usize) {
        let map = self.map.clone();
        map.create(code, (), self.owner(owner)).unwrap();
    }
    fn delete(&mut self, code: &str) {
        self.map.delete(code);
    }
    fn die(&mut self, owner: usize) {
        self.owners.remove(&owner);
    }
    fn hand_over(&mut self, code: &str, to: usize) {
        let map = self.map.clone();
        map.hand_over(code, self.owner(to)).unwrap();
    }
    fn has(&self, code: &str) -> bool {
        self.map.contains(code)
    }
    fn traces(&self, owner: usize) -> usize {
        self.owners[&owner].note_count()
    }
}

/// As the reference does it: a monitor is a pair of owner and code, made when the session is created.
#[derive(Default)]
struct Naive {
    sessions: HashMap<String, usize>,
    monitors: Vec<(usize, String)>,
}

impl Store for Naive {
    fn create(&mut self, code: &str, owner: usize) {
        self.sessions.insert(code.to_owned(), owner);
        self.monitors.push((owner, code.to_owned()));
    }
    fn delete(&mut self, code: &str) {
        self.sessions.remove(code);
    }
    fn die(&mut self, owner: usize) {
        for (_, code) in self.monitors.iter().filter(|(of, _)| *of == owner) {
            self.sessions.remove(code);
        }
    }
    fn hand_over(&mut self, code: &str, to: usize) {
        self.sessions.insert(code.to_owned(), to);
    }
    fn has(&self, code: &str) -> bool {
        self.sessions.contains_key(code)
    }
    fn traces(&self, owner: usize) -> usize {
        self.monitors.iter().filter(|(of, _)| *of == owner).count()
    }
}

fn the_successor_survives(store: &mut impl Store) -> bool {
    store.create("A", 1);
    store.delete("A");
    store.create("A", 2);
    store.die(1);
    store.has("A")
}

#[test]
fn defect_03_old_owner_death_keeps_the_successor() {
    assert!(!the_successor_survives(&mut Naive::default()), "the check must catch the defect");
    assert!(the_successor_survives(&mut Tenure::default()));

    // And while the old owner dies at the very moment.
    let map = SessionMap::<usize>::new();
    let new = map.owner();
    for round in 0..ROUNDS {
        let old = map.owner();
        map.create("A", 0, &old).unwrap();
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                drop(old);
            });
            start.wait();
            map.delete("A");
            map.create("A", round, &new).unwrap();
        });
        assert_eq!(map.get("A").map(|session| session.payload), Some(round), "the successor is gone");
        assert!(map.delete("A"));
    }
}

/// Reads and writes in two steps; what happens in between is up to the test.
#[derive(Default)]
struct TwoSteps(Mutex<HashMap<&'static str, (Status, u32, u32)>>);

impl TwoSteps {
    fn with_one() -> Self {
        Self(Mutex::new(HashMap::from([("A", (Status::Pending, 0, 0))])))
    }
    fn read(&self) -> Option<(Status, u32, u32)> {
        self.0.lock().unwrap().get("A").copied()
    }
    fn update(&self, change: impl Fn(&mut (Status, u32, u32)), between: impl FnOnce()) {
        let Some(mut session) = self.read() else { return };
        between();
        change(&mut session);
        self.0.lock().unwrap().insert("A", session);
    }
    fn delete(&self) {
        self.0.lock().unwrap().remove("A");
    }
    /// Connects it whatever it is.
    fn claim(&self, between: impl FnOnce()) -> bool {
        let found = self.read().is_some();
        self.update(|session| session.0 = Status::Connected, between);
        found
    }
}

#[test]
fn defect_04_a_deleted_session_never_comes_back() {
    let twin = TwoSteps::with_one();
    twin.update(|session| session.1 += 1, || twin.delete());
    assert!(twin.read().is_some(), "the twin brings it back, and the check below would see it");

    let map = SessionMap::<u32>::new();
    map.create("A", 0, None).unwrap();
    let updated = map.update("A", |edit| {
        map.delete("A");
        *edit.payload_mut() += 1;
    });
    assert!(updated.is_err() && map.get("A").is_none());

    for _ in 0..ROUNDS {
        map.create("A", 0, None).unwrap();
        let start = Barrier::new(3);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    while map.update("A", |edit| *edit.payload_mut() += 1).is_ok() {}
                });
            }
            start.wait();
            assert!(map.delete("A"));
            assert!(!map.contains("A"), "it is back at once");
        });
        assert!(!map.contains("A"), "it is back");
    }
}

#[test]
fn defect_05_one_claim_wins_and_no_update_is_lost() {
    let twin = TwoSteps::with_one();
    let mut inner = false;
    let outer = twin.claim(|| inner = twin.claim(|| ()));
    assert!(inner && outer, "both claims of the twin succeed");
    twin.update(|session| session.1 += 1, || twin.update(|session| session.2 += 1, || ()));
    assert_ne!(twin.read(), Some((Status::Connected, 1, 1)), "the twin loses the inner update");

    let map = SessionMap::<(u32, u32)>::new();
    for round in 0..ROUNDS {
        map.create("A", (0, 0), None).unwrap();
        let wins = AtomicUsize::new(0);
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for thread in 0..4 {
                let (map, wins, start) = (&map, &wins, &start);
                scope.spawn(move || {
                    start.wait();
                    match map.claim("A") {
                        Ok(_) => _ = wins.fetch_add(1, Ordering::Relaxed),
                        Err(error) => {
                            let status = Status::Connected;
                            assert_eq!(error, ClaimError::AlreadyUsed { code: "A".to_owned(), status });
                        }
                    }
                    map.update("A", |edit| {
                        let (one, two) = edit.payload_mut();
                        *(if thread % 2 == 0 { one } else { two }) += 1;
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(wins.into_inner(), 1, "round {round}");
        let session = map.get("A").unwrap();
        assert_eq!(session.payload, (2, 2), "round {round}: an update was lost");
        assert_eq!(session.status, Status::Connected);
        map.delete("A");
    }
}

fn a_session_goes_with_the_owner_it_was_handed_to(store: &mut impl Store) -> bool {
    store.create("A", 1);
    store.hand_over("A", 2);
    store.die(1);
    let survives_the_old = store.has("A");
    store.die(2);
    survives_the_old && !store.has("A")
}

#[test]
fn defect_06_a_session_handed_over_is_watched() {
    assert!(!a_session_goes_with_the_owner_it_was_handed_to(&mut Naive::default()));
    assert!(a_session_goes_with_the_owner_it_was_handed_to(&mut Tenure::default()));
    let map = SessionMap::<()>::new();
    for number in 0..1_000 {
        let (one, two) = (map.owner(), map.owner());
        let code = number.to_string();
        map.create(code.as_str(), (), &one).unwrap();
        map.hand_over(&code, &two).unwrap();
        drop((one, two));
    }
    assert_eq!((map.count_active(), map.occupied()), (0, 0), "and it is freed, not only hidden");
}

fn deleting_leaves_traces(store: &mut impl Store, sessions: usize) -> usize {
    for number in 0..sessions {
        store.create(&number.to_string(), 1);
        store.delete(&number.to_string());
    }
    (0..sessions).for_each(|number| store.create(&number.to_string(), 1));
    (0..sessions).for_each(|number| store.delete(&number.to_string()));
    store.traces(1)
}

#[test]
fn defect_07_deleted_sessions_leave_no_trace() {
    assert_eq!(deleting_leaves_traces(&mut Naive::default(), 100), 200);
    let left = deleting_leaves_traces(&mut Tenure::default(), 100_000);
    assert!(left < 64, "{left} notes for no session");
}

/// By how many KiB the memory of this process grows while one owner's sessions come and go, after the first tenth.
#[cfg(target_os = "linux")]
fn growth(store: &mut impl Store) -> u64 {
    const PAIRS: usize = 400_000;
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap()
    };
    (0..50).for_each(|number| store.create(&format!("lasting {number}"), 1));
    let mut before = 0;
    for number in 0..PAIRS {
        if number == PAIRS / 10 {
            before = resident();
        }
        let code = (number % 1_000).to_string();
        store.create(&code, 1);
        store.delete(&code);
    }
    resident().saturating_sub(before)
}

#[cfg(target_os = "linux")]
#[test]
fn defect_07_an_owner_of_long_standing_takes_no_more_memory() {
    const THIS: &str = "defect_07_an_owner_of_long_standing_takes_no_more_memory";
    if let Ok(which) = std::env::var(CHILD) {
        let tenure = which == "tenure";
        let grown = if tenure { growth(&mut Tenure::default()) } else { growth(&mut Naive::default()) };
        println!("\ncode {grown}");
        return;
    }
    // In processes of their own, for the memory is the process's.
    let grown = |which| in_another_process(THIS, which)[0].parse::<u64>().unwrap();
    assert!(grown("naive") > 1_024, "the check must catch the defect");
    let kib = grown("tenure");
    assert!(kib < 1_024, "{kib} KiB more");
}

/// A generator that starts from a fixed seed, as a twin: the same codes in each process.
fn predictable_codes() -> Vec<String> {
    let mut state = 42_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{:08X}", state >> 32)
    };
    (0..16).map(next).collect()
}

fn secure_codes() -> Vec<String> {
    let map = SessionMap::<()>::new();
    (0..16).map(|_| map.create_with_new_code((), None).unwrap().to_string()).collect()
}

const CHILD: &str = "TENURE_DEFECT_CHILD";

/// What a test prints in another process of this program: the codes that it draws there, or the figure it has found.
fn in_another_process(test: &str, which: &str) -> Vec<String> {
    let this = std::env::current_exe().unwrap();
    let child = std::process::Command::new(this)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, which)
        .output()
        .unwrap();
    let output = String::from_utf8(child.stdout).unwrap();
    output.lines().filter_map(|line| line.split_once("code ")).map(|(_, code)| code.to_owned()).collect()
}

#[test]
fn defect_09_codes_cannot_be_predicted() {
    const THIS: &str = "defect_09_codes_cannot_be_predicted";
    if let Ok(which) = std::env::var(CHILD) {
        let codes = if which == "secure" { secure_codes() } else { predictable_codes() };
        // A line of its own, whatever the harness has begun to print.
        for code in codes {
            println!("\ncode {code}");
        }
        return;
    }
    assert_eq!(
        in_another_process(THIS, "predictable"),
        predictable_codes(),
        "the check must catch the defect"
    );

    let (here, there) = (secure_codes(), in_another_process(THIS, "secure"));
    assert_eq!(there.len(), 16);
    let mut all = [here, there].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 32, "two processes draw the same codes");
}

#[test]
fn defect_13_a_session_that_is_over_cannot_be_claimed() {
    let twin = TwoSteps::with_one();
    twin.update(|session| session.0 = Status::Completed, || ());
    assert!(twin.claim(|| ()), "the twin claims anything");

    let map = SessionMap::<()>::new();
    for path in
        [&[Status::Connected, Status::Completed][..], &[Status::Connected, Status::Failed], &[Status::Failed]]
    {
        map.create("A", (), None).unwrap();
        for &status in path {
            map.update("A", |edit| edit.set_status(status)).unwrap();
        }
        let before = map.get("A").unwrap();
        let status = before.status;
        assert_eq!(map.claim("A"), Err(ClaimError::AlreadyUsed { code: "A".to_owned(), status }));
        assert_eq!(map.get("A"), Some(before), "and the attempt leaves it as it was");
        map.delete("A");
    }
}

/// Panics when it is dropped, if it is armed.
#[derive(Clone)]
struct Bomb(bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.0, "a bad destructor");
    }
}

/// The twin's sweep: it knows one kind of owner.
fn naive_sweep(sessions: &[(&str, Result<u32, &str>)]) -> usize {
    sessions.iter().filter(|(_, owner)| owner.expect("an owner is a process") == 0).count()
}

fn bad(_: &Event<'_>) {
    panic!("a bad observer");
}

#[test]
fn defect_14_nothing_a_caller_stores_stops_the_background_thread() {
    let unexpected = [("A", Ok(0)), ("B", Err("an atom"))];
    assert!(
        std::panic::catch_unwind(|| naive_sweep(&unexpected)).is_err(),
        "one session stops the twin's sweep"
    );

    let clock = ManualClock::new();
    let map = SessionMap::builder().clock(clock.clone()).observer(bad).background().build().unwrap();
    // Owners of every unexpected kind: of another map, dead, none.
    let foreign = SessionMap::<Bomb>::new().owner();
    let refused = map.create("A", Bomb(false), &foreign).unwrap_err();
    assert!(matches!(refused.kind(), CreateErrorKind::ForeignOwner { .. }));
    let dead = map.owner().name().clone();
    assert!(map.create("A", Bomb(false), &dead).is_err());
    for number in 0..300 {
        map.create(number.to_string(), Bomb(number % 3 == 0), None).unwrap();
    }
    let owner = map.owner();
    for number in 300..600 {
        map.create(number.to_string(), Bomb(number % 3 == 0), &owner).unwrap();
    }
    drop(owner);
    clock.advance(DAY);
    // The thread is woken by what follows, and must still be at work: all of it goes.
    for _ in 0..3 {
        map.create("last", Bomb(false), None).unwrap();
        clock.advance(DAY);
        match map.wait_gone("last", LONG) {
            Ok(EndCause::Expired) | Err(WaitError::NotFound { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    let over = |map: &SessionMap<Bomb>| map.occupied() == 0 && map.stats().drop_panics == 200;
    until("the background thread ends and drops them all", || {
        // Each creation wakes it.
        map.create("wake", Bomb(false), None).unwrap();
        map.delete("wake");
        over(&map)
    });
    assert!(map.stats().observer_panics >= 1_200);
    let session: Session<Bomb> = {
        map.create("after", Bomb(false), None).unwrap();
        map.get("after").unwrap()
    };
    assert_eq!(session.code, "after");
}
