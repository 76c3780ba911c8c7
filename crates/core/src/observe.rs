//! Ready-made observers, each behind a feature of its name: [`TracingObserver`] and [`MetricsObserver`].
//!
//! They stand in the core and not in the adapters because both adapters, and those who use neither, want them; a build without
//! the features has nothing of them in its tree.

#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(feature = "metrics")]
pub use self::metrics::MetricsObserver;
#[cfg(feature = "tracing")]
pub use self::tracing::TracingObserver;
