//! What the monitor's thread sleeps in, on Linux: one epoll set, with an eventfd to wake it.
//!
//! The `polling` crate would be portable, but registering with it is `unsafe` and it does not ask for *the peer has
//! closed* alone: it would wake the thread for all that a socket receives. rustix is safe and asks for nothing else.

use rustix::{
    event::{EventfdFlags, Timespec, epoll, eventfd},
    io::{Errno, read, write},
};
use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    thread::Thread,
    time::Duration,
};

/// Under this number stands the eventfd.
const WAKE: u64 = 0;
/// So many events are taken at once.
const BATCH: usize = 256;

pub(super) struct Poller {
    epoll: OwnedFd,
    wake: OwnedFd,
}

/// What the kernel says of something that is watched.
#[derive(Clone, Copy)]
pub(super) struct Ended {
    pub(super) number: u64,
    /// The connection was reset, or is broken otherwise.
    pub(super) by_error: bool,
}

impl Poller {
    pub(super) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &wake, epoll::EventData::new_u64(WAKE), epoll::EventFlags::IN)?;
        Ok(Self { epoll, wake })
    }

    #[allow(clippy::unused_self, reason = "another system's poller needs to know")]
    pub(super) fn is_run_by(&self, _: &Thread) {}

    /// Asks to be told once when the peer of a socket has closed or reset it.
    pub(super) fn add_socket(&self, socket: impl AsFd, number: u64) -> io::Result<()> {
        // Errors and hang-ups are told without being asked for.
        self.add(socket, number, epoll::EventFlags::RDHUP)
    }

    /// Asks to be told once when a process has ended.
    pub(super) fn add_process(&self, pidfd: impl AsFd, number: u64) -> io::Result<()> {
        self.add(pidfd, number, epoll::EventFlags::IN)
    }

    fn add(&self, fd: impl AsFd, number: u64, flags: epoll::EventFlags) -> io::Result<()> {
        let flags = flags | epoll::EventFlags::ONESHOT;
        Ok(epoll::add(&self.epoll, fd, epoll::EventData::new_u64(number), flags)?)
    }

    /// What is watched no longer.
    pub(super) fn remove(&self, fd: impl AsFd) {
        // It can only fail for what is not there.
        let _ = epoll::delete(&self.epoll, fd);
    }

    /// The thread's next sleep ends at once.
    pub(super) fn wake(&self) {
        // Full, it is awake already.
        let _ = write(&self.wake, &1_u64.to_ne_bytes());
    }

    /// Sleeps until something ends, or for so long; or, with none, for as long as it takes.
    pub(super) fn wait(&self, limit: Option<Duration>, ended: &mut Vec<Ended>) {
        ended.clear();
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let mut buffer = Vec::with_capacity(BATCH);
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut buffer), limit.as_ref()) {
            Ok(_) => {}
            // A signal, or a system that is out of memory for a moment: the thread looks at its own and comes back.
            Err(Errno::INTR | _) => return,
        }
        for event in buffer {
            let (flags, data) = (event.flags, event.data);
            if data.u64() == WAKE {
                // Emptied, so that it wakes again.
                let _ = read(&self.wake, &mut [0; 8]);
            } else {
                let by_error = flags.contains(epoll::EventFlags::ERR);
                ended.push(Ended { number: data.u64(), by_error });
            }
        }
    }
}
