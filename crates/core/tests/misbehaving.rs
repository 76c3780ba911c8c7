//! User code that misbehaves: it panics, or it calls back into the very table that has called it.
//!
//! Every operation of a table is done again and again, each time on a new one. The first time the first call of one
//! kind of user code (a `Clone`, a clock, an observer, ...) misbehaves, the second time the second call, and so on, until
//! the operation is over before. After each, the books of the table must balance: every place is taken by a record or
//! free, every payload is dropped exactly once, and the table does all it did before.

mod patience;
#[path = "misbehaving/plot.rs"]
mod plot;
#[path = "misbehaving/routes.rs"]
mod routes;
#[path = "misbehaving/sessions.rs"]
mod sessions;
