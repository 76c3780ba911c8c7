//! Session stores, behind one trait: a file for each.
//!
//! [`Sessions`] is what a relay wants. A plain map is made into it as a competent user would: sessions under their
//! codes, and beside them an index of each owner's codes, which every creation and deletion keeps in step
//! ([`Indexed`]). A changed session is changed in place where the map allows it, else copied.

mod dashmap;
mod indexed;
mod moka;
mod papaya;
mod quick_cache;
mod scc_index;
mod scc_map;
mod sharded;
mod tenure;

use indexed::{Indexed, Store, UserSession};

/// What is done with each store, Tenure's among them.
pub(crate) trait EachStore {
    fn store<S: Sessions>(&mut self);
}

/// Does it with all of them.
pub(crate) fn all(each: &mut impl EachStore) {
    each.store::<tenure::Tenure>();
    each.store::<Indexed<dashmap::Dash>>();
    each.store::<Indexed<papaya::Papaya>>();
    each.store::<Indexed<scc_map::SccMap>>();
    each.store::<Indexed<scc_index::SccIndex>>();
    each.store::<Indexed<moka::Moka>>();
    each.store::<Indexed<quick_cache::Quick>>();
    each.store::<Indexed<sharded::Sharded>>();
}

/// Sessions that live as long as their owners.
pub(crate) trait Sessions: Send + Sync + 'static {
    const PEER: &'static str;
    /// Whoever sessions are created for; sessions go when it is ended.
    type Owner: Send + Sync;
    /// What an update writes.
    type Info: Clone + Send + Sync;

    fn new() -> Self;
    fn owner(&self) -> Self::Owner;
    fn info() -> Self::Info;
    fn create(&self, code: &str, owner: &Self::Owner) -> bool;
    /// Whether a session is there, after a look at it where it lies.
    fn get(&self, code: &str) -> bool;
    /// Connects a session and notes something about who did.
    fn update(&self, code: &str, info: &Self::Info) -> bool;
    fn delete(&self, code: &str) -> bool;
    /// The owner is dead: when it returns, its sessions are invisible.
    fn end(&self, owner: Self::Owner);
    /// Frees what ended owners have left.
    fn free(&self);
    fn len(&self) -> usize;
}
