//! The lock-free hash table, and the few other places where threads share memory. The only unsafe code of Tenure.
//!
//! # The algorithm
//! One sorted linked list holds all entries: Michael's lock-free list (SPAA 2002), deletion being a *mark* in the
//! deleted node's own link (Harris, DISC 2001) and then an *unlink* by anybody. The list is sorted in *split order*
//! (Shalev and Shavit, JACM 2006): by the bits of the hash read from the lowest up. Buckets are sentinels in the
//! list; when their number doubles, bucket `i` is split by putting the sentinel `i + n` in the middle of its run. So
//! the table grows without moving a node, one sentinel at a time, and a position in split order stays one whatever
//! the table's size: that makes a cursor that can be put aside and taken up again.
//!
//! Four things differ from the papers:
//! - A node is *replaced* in one step: the exchange that marks the old node also makes its successor the new one.
//!   Who stands on the old node finds the new one next. A key that is present is never absent for a moment.
//! - Sentinels lie inside the bucket segments, eight bytes each. A sentinel is put into the list by the one thread
//!   that has claimed it. While that lasts, and if that thread is stopped for ever, everybody else starts from an
//!   ancestor bucket: a longer walk and nothing else.
//! - Split order is compared without reversing bits: the lowest bit in which two hashes differ decides.
//! - Readers write nothing: they step over marked nodes and leave unlinking to writers.
//!
//! # Invariants
//! The `SAFETY` comments cite them by number.
//! 1. Links point to nodes or buckets of this table, or are `END`. Nodes come from `Box::into_raw`.
//! 2. The list that starts at bucket 0 is sorted in split order; for one hash the order is that of insertion.
//! 3. At most one unmarked node has a given key. (Insertion is only at the end of the run of equal hashes, by an
//!    exchange on the run's last link, so that two of the same key meet there.)
//! 4. A marked link never changes again. So a node is unlinked only through an unmarked predecessor, and the
//!    successor of a marked node cannot be unlinked before the node itself is.
//! 5. A node is unlinked by exactly one successful exchange, whose thread retires it. By 4, whoever reaches a node
//!    under a guard has reached it from a node that was in the list since that guard was made, so the node was
//!    unlinked after that, and is not freed before the guard is gone.
//! 6. Bucket segments are allocated before the mask covers them and are freed with the table.
//! 7. A bucket's link is changed by the claiming thread alone until the bucket is in the list, and carries the tag
//!    `PENDING` until then; nobody starts from it before.
//! 8. A stripe below `OWN` has one thread at a time, and what one does with it comes before what the next does
//!    (`stripe.rs`). So its plot in a graveyard has one writer, and its spares one user. A node's memory is among the
//!    spares only after its grace period: for readers that is no more than if it had been freed.
//! 9. What the versions of an entry share has one of them as an owner: the first, until the exchange that replaces a
//!    version hands it on to the one that takes its place. That one is unlinked after those before it (4). So whoever
//!    has reached one of those under a guard has done so under one that was made before the owner was unlinked, and the
//!    owner is not freed before that guard is gone (5); in which order the versions are freed does not matter, for only
//!    the owner's destructor goes to what they share.

mod barrier;
mod buckets;
mod cell;
mod counted;
mod cursor;
mod epoch;
mod graveyard;
mod growth;
#[cfg(test)]
pub(crate) mod lend;
mod link;
mod list;
mod node;
mod once;
mod reclaim;
mod ring;
mod roll;
mod spares;
mod stack;
mod strong;
mod table;
mod version;

pub(crate) use cell::{Cell, Slot};
pub(crate) use counted::Counted;
pub(crate) use cursor::Cursor;
pub(crate) use node::Fresh;
pub(crate) use once::Once;
pub(crate) use reclaim::{DropPanics, advance, is_freeing};
pub use reclaim::{Guard, pin};
pub(crate) use roll::Roll;
pub(crate) use stack::{Stack, Taken};
pub(crate) use strong::Strong;
pub(crate) use table::{Entry, Occupied, Query, Table};
pub(crate) use version::Version;
