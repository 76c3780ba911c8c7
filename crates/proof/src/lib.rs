//! What tries to break Tenure from outside: through its public interface, with real threads.
//!
//! Not published. What each part can and cannot find stands in `docs/testing.md`.

pub mod history;
pub mod soak;
pub mod weaken;
