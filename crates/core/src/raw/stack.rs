//! A stack that grows one by one and is taken as a whole (Treiber 1986).
//!
//! With no way to pop a single value there is no ABA problem and nothing to reclaim: whoever takes the chain owns it.
//! (The address of a cons may come back in another one between a push's look at the head and its exchange. Then the
//! exchange is right all the same, for what counts is which cons is the head now. So that this holds for the language
//! as well, links are addresses with exposed provenance.)

use crate::sync::{AtomicUsize, Ordering};
use std::{marker::PhantomData, ptr};

/// Values that threads push one by one and that somebody takes all at once. Lock-free.
pub(crate) struct Stack<T: Send> {
    /// The exposed address of the last cons, or 0.
    head: AtomicUsize,
    owns: PhantomData<T>,
}

struct Cons<T> {
    value: T,
    next: usize,
}

impl<T: Send> Stack<T> {
    pub(crate) fn new() -> Self {
        Self { head: AtomicUsize::new(0), owns: PhantomData }
    }

    pub(crate) fn push(&self, value: T) {
        // Relaxed: only compared.
        let mut head = self.head.load(Ordering::Relaxed);
        let cons = Box::into_raw(Box::new(Cons { value, next: head }));
        loop {
            // Release: pairs with the Acquire in `take_all`; the value is visible to who takes it.
            let pushed = self.head.compare_exchange_weak(
                head,
                cons.expose_provenance(),
                Ordering::Release,
                Ordering::Relaxed,
            );
            let Err(actual) = pushed else { return };
            head = actual;
            // SAFETY: not shared before the exchange succeeds.
            unsafe { (*cons).next = head };
        }
    }

    /// Everything pushed before, the last one first. What is pushed meanwhile is left for the next call.
    pub(crate) fn take_all(&self) -> Taken<T> {
        // Acquire: pairs with the Release of every push in the chain (each exchange continues the release sequence
        // of those below it). Nothing is published.
        Taken { next: self.head.swap(0, Ordering::Acquire), owns: PhantomData }
    }

    /// Whether there was nothing at the moment of asking.
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: a hint; whoever relies on it has fenced before.
        self.head.load(Ordering::Relaxed) == 0
    }
}

impl<T: Send> Drop for Stack<T> {
    fn drop(&mut self) {
        drop(self.take_all());
    }
}

/// What was taken from a [`Stack`]; values not asked for are dropped with it.
pub(crate) struct Taken<T: Send> {
    next: usize,
    owns: PhantomData<T>,
}

impl<T: Send> Iterator for Taken<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.next == 0 {
            return None;
        }
        let cons = ptr::with_exposed_provenance_mut::<Cons<T>>(self.next);
        // SAFETY: made by `Box::into_raw` in `push`; the chain is this iterator's alone since the swap.
        let cons = *unsafe { Box::from_raw(cons) };
        self.next = cons.next;
        Some(cons.value)
    }
}

impl<T: Send> Drop for Taken<T> {
    fn drop(&mut self) {
        for value in self {
            drop(value);
        }
    }
}

#[cfg(test)]
mod tests;
