//! Replaying a whole log, by one replayer in order or by several at once.

use std::ops::Range;
use std::panic;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::log::{Event, Log};
use crate::options::Options;
use crate::replay::{Done, Gateway, PruneTimes, Replayer, Share};

/// Events between two reports of progress.
const STRIDE: usize = 2_048;
/// Looks at a meeting before other threads are let in between.
const SPINS: u32 = 200;
/// The most time of the log that several replayers take as one moment.
const LONGEST_PIECE: Duration = Duration::from_secs(30);

/// Replays the log and says what was done; the clock then stands at the last event. `progress` is told now and then how
/// many events are done.
pub(crate) fn run(gateway: &Gateway, log: &Log, options: &Options, progress: &mut dyn FnMut(usize)) -> Done {
    let done = if options.threads == 1 {
        in_order(gateway, log, options, progress)
    } else {
        at_once(gateway, log, options, progress)
    };
    if let Some(last) = log.events.last() {
        gateway.move_to(last);
    }
    progress(log.events.len());
    done
}

fn in_order(gateway: &Gateway, log: &Log, options: &Options, progress: &mut dyn FnMut(usize)) -> Done {
    let mut prunes = PruneTimes::new(options.prune_interval);
    let mut replayer = Replayer::new(gateway, log, Share::ALL);
    for (index, event) in log.events.iter().enumerate() {
        if index % STRIDE == 0 {
            progress(index);
        }
        gateway.move_to(event);
        if prunes.due(event.at) {
            gateway.prune();
        }
        replayer.replay(index..index + 1);
    }
    replayer.finish()
}

/// Every replayer goes through one piece of the log after the other; each piece starts when all have done the one
/// before. This thread is the first of them; it moves the clock and prunes.
fn at_once(gateway: &Gateway, log: &Log, options: &Options, progress: &mut dyn FnMut(usize)) -> Done {
    let of = options.threads;
    let meeting = &Meeting::new(of);
    thread::scope(|scope| {
        let others: Vec<_> = (1..of)
            .map(|index| {
                let replayer = Replayer::new(gateway, log, Share { index, of });
                scope.spawn(move || take_part(replayer, meeting, pieces(log, options), |_| {}))
            })
            .collect();
        let (mut prunes, mut next_report) = (PruneTimes::new(options.prune_interval), 0);
        let begin = |piece: &Range<usize>| {
            if piece.start >= next_report {
                progress(piece.start);
                next_report = piece.start + STRIDE;
            }
            gateway.move_to(&log.events[piece.start]);
            if prunes.due(log.events[piece.start].at) {
                gateway.prune();
            }
        };
        let own = Replayer::new(gateway, log, Share { index: 0, of });
        let mut all = take_part(own, meeting, pieces(log, options), begin);
        for other in others {
            let done = other.join().unwrap_or_else(|payload| panic::resume_unwind(payload));
            all.tally.add(&done.tally);
            all.connections.extend(done.connections);
        }
        all
    })
}

/// Replays its share of every piece, in step with the others; `begin` is called before each while none replays.
fn take_part(
    mut replayer: Replayer<'_>,
    meeting: &Meeting,
    pieces: impl Iterator<Item = Range<usize>>,
    mut begin: impl FnMut(&Range<usize>),
) -> Done {
    let _leave = Leave(meeting);
    for piece in pieces {
        begin(&piece);
        if !meeting.wait() {
            break;
        }
        replayer.replay(piece);
        if !meeting.wait() {
            break;
        }
    }
    replayer.finish()
}

/// Where replayers wait for each other. The pieces are small, so they wait awake: to sleep would take longer.
struct Meeting {
    of: usize,
    /// How often anybody has come.
    come: AtomicUsize,
    /// Somebody panicked and will not come again.
    over: AtomicBool,
}

impl Meeting {
    fn new(of: usize) -> Self {
        Self { of, come: AtomicUsize::new(0), over: AtomicBool::new(false) }
    }

    /// Returns when all have come as often as this one; false if one never will.
    fn wait(&self) -> bool {
        // Release: who sees that this one has come sees what it did before. Acquire: so does this one, if it is last.
        let before = self.come.fetch_add(1, Ordering::AcqRel);
        let complete = (before / self.of + 1) * self.of;
        let mut turns = 0;
        // Acquire: pairs with the Release above, of all that have come.
        while self.come.load(Ordering::Acquire) < complete {
            // Relaxed: it says only that nobody need wait any more.
            if self.over.load(Ordering::Relaxed) {
                return false;
            }
            if turns < SPINS {
                turns += 1;
                std::hint::spin_loop();
            } else {
                thread::yield_now();
            }
        }
        true
    }
}

/// Lets the others go when a replayer panics.
struct Leave<'a>(&'a Meeting);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            // Relaxed: see `wait`.
            self.0.over.store(true, Ordering::Relaxed);
        }
    }
}

/// All events of a piece happen at one time, so it may not span what makes a difference: a route's life, or the time
/// between two prunes.
fn piece_span(options: &Options) -> Duration {
    LONGEST_PIECE.min(options.ttl).min(options.prune_interval)
}

/// The log, cut before each event that comes [`piece_span`] or more after the first of its piece.
fn pieces(log: &Log, options: &Options) -> impl Iterator<Item = Range<usize>> {
    let span = piece_span(options);
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &log.events[start..];
        let first = rest.first()?;
        let beyond = |event: &Event| event.at.saturating_since(first.at) >= span;
        let length = rest.iter().position(beyond).unwrap_or(rest.len());
        start += length;
        Some(start - length..start)
    })
}
