//! Owners that live as long as a process, where the system has nothing that tells of its end: it is asked.

use super::child::Kept;
use std::sync::Arc;
use tenure_core::Owner;

/// Asks a child whether it has ended: once it has, its owner is ended, and it is not asked again.
pub(super) fn of_child(owner: Owner, kept: Arc<Kept>) -> impl FnMut() -> bool + Send {
    let mut owner = Some(owner);
    move || {
        let Some(ended) = kept.ended() else { return false };
        if let Some(owner) = owner.take() {
            kept.end(owner, ended);
        }
        true
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::{Arc, Kept, Owner, of_child};
    use crate::{Monitor, MonitorError};

    impl Monitor {
        #[allow(clippy::unnecessary_wraps, reason = "as on Linux, where it can fail")]
        pub(in crate::monitor) fn watch_child(
            &self,
            owner: Owner,
            _: u32,
            kept: &Arc<Kept>,
        ) -> Result<(), MonitorError> {
            self.ask(of_child(owner, Arc::clone(kept)));
            Ok(())
        }
    }
}

/// By its number alone.
#[cfg(unix)]
mod unix {
    use rustix::{
        io::Errno,
        process::{Pid, test_kill_process},
    };
    use tenure_core::{DeathReason, Owner};

    /// Asks whether there is a process under this number.
    pub(in crate::monitor) fn of_process(owner: Owner, id: Pid) -> impl FnMut() -> bool + Send {
        let mut owner = Some(owner);
        move || {
            // Another error: it is there, and not ours to signal.
            let gone = test_kill_process(id) == Err(Errno::SRCH);
            if let Some(owner) = owner.take_if(|_| gone) {
                owner.release(DeathReason::Finished);
            }
            gone
        }
    }

    #[cfg(not(target_os = "linux"))]
    impl crate::Monitor {
        /// Makes the owner live as long as there is a process under this number: it is asked about every 5 ms.
        ///
        /// A process that comes to have the number in between is taken for the old one, and a child counts as running
        /// until somebody has waited for it: give children to [`child`](crate::Monitor::child). The reason is always
        /// [`Finished`](DeathReason::Finished). On Linux nothing is asked, and none of this is so.
        ///
        /// # Errors
        /// 0 and numbers beyond `i32` are no process. The owner is given back.
        pub fn process(&self, owner: Owner, id: u32) -> Result<tenure_core::OwnerRef, crate::MonitorError> {
            let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw) else {
                let why = std::io::Error::from(Errno::INVAL);
                return Err(crate::MonitorError::new("its number is that of no process", why, owner));
            };
            let name = owner.name().clone();
            self.ask(of_process(owner, id));
            Ok(name)
        }
    }
}

#[cfg(test)]
mod tests;
