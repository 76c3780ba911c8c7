//! A memory barrier that one side pays for alone.
//!
//! A reader that says "I am reading" and then reads needs a full barrier between the two, or whoever frees memory may
//! miss what it said: some 5 ns, in which the processor begins nothing new. On Linux whoever frees can ask the kernel to
//! run that barrier on every core where a thread of this process is running (`membarrier`, as in userspace RCU, Desnoyers
//! and others 2012): microseconds, seldom, instead of nanoseconds at every look-up.

#[cfg(all(target_os = "linux", not(any(tenure_loom, tenure_shuttle))))]
mod system {
    use crate::sync::{Ordering, fence};
    use rustix::thread::{MembarrierCommand, membarrier, membarrier_query};

    /// Whether the kernel runs barriers for this process from now on.
    pub(in crate::raw) fn register() -> bool {
        membarrier_query().contains_command(MembarrierCommand::PrivateExpedited)
            && membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
    }

    /// A full barrier on every thread of the process. False if the kernel has refused.
    pub(in crate::raw) fn on_all_threads() -> bool {
        // SeqCst, both: this thread's own barrier, whatever the kernel does for others.
        fence(Ordering::SeqCst);
        let done = membarrier(MembarrierCommand::PrivateExpedited).is_ok();
        fence(Ordering::SeqCst);
        done
    }
}

/// Shuttle's threads see at once what another one writes, as if everybody made barriers all the time. So it explores who
/// leaves barriers to others and when, but not what a missing one would do.
#[cfg(tenure_shuttle)]
mod system {
    pub(in crate::raw) fn register() -> bool {
        true
    }

    pub(in crate::raw) fn on_all_threads() -> bool {
        shuttle::thread::yield_now();
        true
    }
}

/// Where there is no such call, every thread makes its own barriers.
#[cfg(not(any(all(target_os = "linux", not(tenure_loom)), tenure_shuttle)))]
mod system {
    pub(in crate::raw) fn register() -> bool {
        false
    }

    pub(in crate::raw) fn on_all_threads() -> bool {
        false
    }
}

pub(super) use system::{on_all_threads, register};
