//! Stopping a thread for good, at whatever instruction it is.
//!
//! A signal is sent to the one thread (`tgkill`); its handler says that it is there and parks the thread in the kernel.
//! Nothing in the library knows of it. A stopped thread can be let go, so that one process may stop a thousand.

use std::{
    mem, ptr,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

/// The number of the stop that the handler is asked for, and of the one that it has come to.
static ASKED: AtomicU32 = AtomicU32::new(0);
static THERE: AtomicU32 = AtomicU32::new(0);
/// The stop that is let go, alone: who was stopped for ever before it is not.
static OVER: AtomicU32 = AtomicU32::new(0);
/// Where the thread was.
static AT: AtomicU64 = AtomicU64::new(0);
/// The stop whose thread, let go, has left the handler's wait.
static GONE: AtomicU32 = AtomicU32::new(0);

/// No machine is so busy that a thread that is let go takes longer.
const GOES: Duration = Duration::from_secs(120);

/// The kernel's number of a thread.
pub(crate) type Tid = i32;

/// This thread's number.
pub(crate) fn tid() -> Tid {
    #[expect(unsafe_code, reason = "a system call without arguments")]
    // SAFETY: it reads and writes no memory of ours.
    unsafe {
        libc::gettid()
    }
}

/// The threads of this process with their names.
pub(crate) fn thread_named(name: &str) -> Option<Tid> {
    for entry in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
        let comm = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        if comm.trim_end() == name {
            return entry.file_name().to_str()?.parse().ok();
        }
    }
    None
}

/// Installs the handler.
pub(crate) fn prepare() {
    #[expect(unsafe_code, reason = "a signal handler is installed by a system call")]
    // SAFETY: all zero is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = parked as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    #[expect(unsafe_code, reason = "a signal handler is installed by a system call")]
    // SAFETY: `action` has a handler of the signature that SA_SIGINFO asks for.
    let installed = unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut()) };
    assert_eq!(installed, 0, "no handler for SIGUSR1");
}

/// The handler: async-signal-safe, for it calls nothing but the kernel and touches nothing but atomics.
#[expect(unsafe_code, reason = "a signal handler is given pointers, and keeps errno")]
extern "C" fn parked(_signal: i32, _info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: answers the address of this thread's errno, which the interrupted code may be about to read.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: that address.
    let errno = unsafe { *place };
    let number = ASKED.load(Ordering::Acquire);
    AT.store(instruction(context), Ordering::Relaxed);
    // Release: `AT` comes before it; pairs with the Acquire in `Stopped::new`.
    THERE.store(number, Ordering::Release);
    loop {
        let over = OVER.load(Ordering::Acquire);
        if over == number {
            break;
        }
        // SAFETY: the kernel reads the word at this address, a static, and puts the thread to sleep if it is unchanged.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                OVER.as_ptr(),
                libc::FUTEX_WAIT,
                over,
                ptr::null::<libc::timespec>(),
            );
        }
    }
    GONE.store(number, Ordering::Release);
    // SAFETY: as above.
    unsafe { *place = errno };
}

/// Where the interrupted thread was, as far as this processor is known.
#[expect(unsafe_code, reason = "the kernel hands the context over as a pointer")]
fn instruction(context: *mut libc::c_void) -> u64 {
    // SAFETY: with SA_SIGINFO the third argument is a `ucontext_t`.
    let context = unsafe { &*context.cast::<libc::ucontext_t>() };
    #[cfg(target_arch = "x86_64")]
    return context.uc_mcontext.gregs[libc::REG_RIP as usize].cast_unsigned();
    #[cfg(target_arch = "aarch64")]
    return context.uc_mcontext.pc;
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        let _ = context;
        0
    }
}

/// A thread that is stopped, until this is let go; for ever if it is forgotten.
pub(crate) struct Stopped {
    number: u32,
    /// The address of the instruction that it is before.
    pub(crate) at: u64,
}

impl Stopped {
    /// Stops a thread. None if it was not there within the limit: it is gone.
    pub(crate) fn new(thread: Tid, limit: Duration) -> Option<Self> {
        let number = ASKED.fetch_add(1, Ordering::AcqRel) + 1;
        let process = i32::try_from(std::process::id()).expect("process numbers fit");
        #[expect(unsafe_code, reason = "a system call")]
        // SAFETY: sends a signal, whose handler is installed, to a thread of this process.
        let sent = unsafe { libc::syscall(libc::SYS_tgkill, process, thread, libc::SIGUSR1) };
        let since = Instant::now();
        while sent == 0 && since.elapsed() < limit {
            if THERE.load(Ordering::Acquire) == number {
                return Some(Self { number, at: AT.load(Ordering::Relaxed) });
            }
            thread::yield_now();
        }
        None
    }

    /// Lets the thread go on. It must be the last that was stopped. Ends the process if it does not go.
    pub(crate) fn release(self) {
        OVER.store(self.number, Ordering::Release);
        #[expect(unsafe_code, reason = "a system call")]
        // SAFETY: wakes who waits on the address of a static.
        unsafe {
            libc::syscall(libc::SYS_futex, OVER.as_ptr(), libc::FUTEX_WAKE, i32::MAX);
        }
        let since = Instant::now();
        while GONE.load(Ordering::Acquire) != self.number {
            if since.elapsed() > GOES {
                crate::fail("a thread that was let go does not leave the signal's handler");
            }
            thread::yield_now();
        }
    }
}
