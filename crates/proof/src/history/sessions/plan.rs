//! Random calls on some codes and owners.

use super::{CODES, Call, state::PER_SESSION};
use tenure_core::Status;

/// Random calls, the same for the same seed.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// One call in so many lets time pass, or maintains the map.
    pub advance: u32,
    /// Whether sessions are handed over often, or hardly ever.
    pub handing: bool,
    /// Whether owners are suspended and resumed: each by one thread, which ends it as well.
    pub suspending: bool,
    /// So many owners die one after the other, spread over the calls; the last ones stay.
    pub deaths: usize,
    /// So many there are.
    pub owners: usize,
}

/// The calls of each of so many threads.
///
/// Owners die in the order of their numbers, each once. At any point of the plan the next two to die are the ones
/// that get sessions, and now and then the last that has died.
///
/// # Panics
/// More owners are to die than there are.
pub fn plan(seed: u64, threads: usize, calls: usize, mix: Mix) -> Vec<Vec<Call>> {
    assert!(mix.deaths <= mix.owners && mix.owners > 0, "owners that die must be there: {mix:?}");
    let mut random = fastrand::Rng::with_seed(seed);
    let every = calls / (mix.deaths + 1);
    let thread = |thread: usize| {
        let call = |n: usize| {
            let died = (n / every.max(1)).min(mix.deaths);
            // The thread's own among the owners that get sessions.
            let own = (died..mix.owners).find(|owner| owner % threads == thread);
            let call = call(&mut random, thread * calls + n, died, mix);
            if mix.suspending {
                own.and_then(|own| suspension(&mut random, own)).unwrap_or(call)
            } else {
                call
            }
        };
        (0..calls).map(call).collect()
    };
    let mut plan: Vec<Vec<Call>> = (0..threads).map(thread).collect();
    for owner in 0..mix.deaths {
        // About where the plan goes on to the next owners, a little earlier or later.
        let middle = every * (owner + 1);
        let around = middle.saturating_sub(every / 4)..=(middle + every / 4).min(calls - 1);
        let places = around.clone().count() * threads;
        let thread = |n| if mix.suspending { owner % threads } else { n % threads };
        let free = (0..).map(|_| random.usize(..places)).map(|n| (thread(n), around.start() + n / threads));
        let is_call = |&(thread, n): &(usize, usize)| !matches!(plan[thread][n], Call::Die(_));
        let place = free.take(1_000).find(is_call);
        if let Some((thread, n)) = place {
            plan[thread][n] = Call::Die(owner);
        }
    }
    plan
}

/// Now and then a call that suspends an owner or resumes it.
fn suspension(random: &mut fastrand::Rng, owner: usize) -> Option<Call> {
    match random.u32(..8) {
        0 => Some(Call::Suspend { owner, grace: random.u64(1..=3) }),
        1..=2 => Some(Call::Resume(owner)),
        _ => None,
    }
}

fn call(random: &mut fastrand::Rng, number: usize, died: usize, mix: Mix) -> Call {
    if random.u32(..mix.advance) == 0 {
        return if random.u32(..4) == 0 { Call::Maintain } else { Call::Advance(random.u64(1..=2)) };
    }
    let code = random.usize(..CODES);
    let owner =
        (died + random.usize(..3)).saturating_sub(usize::from(random.u32(..4) == 0)).min(mix.owners - 1);
    match random.u32(..if mix.handing { 20 } else { 16 }) {
        0..=3 => {
            let owner = (random.u32(..4) > 0).then_some(owner);
            Call::Create { code, payload: PER_SESSION * (number as u64 + 1), owner }
        }
        4..=5 => Call::Update { code, add: 1, to: None },
        6 => {
            let to = random.choice(Status::ALL);
            Call::Update { code, add: 1, to }
        }
        7..=8 => Call::Claim(code),
        9 => Call::Delete(code),
        16 => Call::HandOverAll { from: (died + random.usize(..3)).min(mix.owners - 1), to: owner },
        10 | 17..20 => Call::HandOver { code, to: owner },
        _ => Call::Get(code),
    }
}
