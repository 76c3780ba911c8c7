//! A plain map made into a session store, as a user would: with an index of each owner's codes beside it.

use super::Sessions;
use crossbeam_utils::CachePadded;
use hashbrown::{HashMap, HashSet};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

/// Parts of the owners' index, a lock each.
const PARTS: usize = 64;

type Info = Arc<BTreeMap<String, String>>;
type Hasher = ahash::RandomState;
type Index = HashMap<u64, HashSet<String, Hasher>, Hasher>;

/// Whose session it is; it may be nobody's.
pub(super) type OwnerNumber = Option<u64>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    Connected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Send,
}

/// A session with the fields that Tenure's has.
#[derive(Clone, Debug)]
pub(super) struct UserSession {
    owner: OwnerNumber,
    direction: Direction,
    status: Status,
    created: SystemTime,
    connected: Option<SystemTime>,
    sender_info: Option<Info>,
    receiver_info: Option<Info>,
}

impl UserSession {
    fn pending(owner: u64) -> Self {
        Self {
            owner: Some(owner),
            direction: Direction::Send,
            status: Status::Pending,
            created: SystemTime::now(),
            connected: None,
            sender_info: None,
            receiver_info: None,
        }
    }

    fn look(&self) {
        black_box((self.direction, self.status, self.created, self.connected));
        black_box((&self.sender_info, &self.receiver_info));
    }
}

/// A map's primitive operations.
pub(super) trait Store: Send + Sync + 'static {
    const PEER: &'static str;

    fn new() -> Self;
    /// Stores if there is nothing under the code.
    fn insert(&self, code: &str, session: UserSession) -> bool;
    fn read<T>(&self, code: &str, seen: impl FnOnce(&UserSession) -> T) -> Option<T>;
    fn update(&self, code: &str, change: impl Fn(&mut UserSession)) -> bool;
    /// Removes; answers the session's owner.
    fn remove(&self, code: &str) -> Option<OwnerNumber>;
    fn len(&self) -> usize;
}

/// A store and its owners' index.
pub(super) struct Indexed<S> {
    store: S,
    owners: Box<[CachePadded<Mutex<Index>>]>,
    next: AtomicU64,
}

impl<S: Store> Indexed<S> {
    #[inline]
    fn part(&self, owner: u64) -> &Mutex<Index> {
        &self.owners[owner as usize % PARTS]
    }
}

/// The owner of a session that has been removed.
pub(super) fn owner_of(session: &UserSession) -> OwnerNumber {
    session.owner
}

impl<S: Store> Sessions for Indexed<S> {
    const PEER: &'static str = S::PEER;
    type Owner = u64;
    type Info = Info;

    fn new() -> Self {
        Self {
            store: S::new(),
            owners: (0..PARTS).map(|_| CachePadded::default()).collect(),
            next: AtomicU64::new(0),
        }
    }

    fn owner(&self) -> u64 {
        // Relaxed: each number is given once.
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn info() -> Info {
        Arc::new([("device".to_owned(), "laptop".to_owned())].into())
    }

    #[inline]
    fn create(&self, code: &str, owner: &u64) -> bool {
        let created = self.store.insert(code, UserSession::pending(*owner));
        if created {
            self.part(*owner).lock().entry(*owner).or_default().insert(code.to_owned());
        }
        created
    }

    #[inline]
    fn get(&self, code: &str) -> bool {
        self.store.read(code, UserSession::look).is_some()
    }

    #[inline]
    fn update(&self, code: &str, info: &Info) -> bool {
        self.store.update(code, |session| {
            session.status = Status::Connected;
            session.receiver_info = Some(Info::clone(info));
        })
    }

    #[inline]
    fn delete(&self, code: &str) -> bool {
        let Some(owner) = self.store.remove(code) else { return false };
        let Some(owner) = owner else { return true };
        let mut index = self.part(owner).lock();
        if let Some(codes) = index.get_mut(&owner) {
            codes.remove(code);
            if codes.is_empty() {
                index.remove(&owner);
            }
        }
        true
    }

    fn end(&self, owner: u64) {
        let codes = self.part(owner).lock().remove(&owner);
        for code in codes.into_iter().flatten() {
            self.store.remove(&code);
        }
    }

    /// Done already.
    fn free(&self) {}

    fn len(&self) -> usize {
        self.store.len()
    }
}
