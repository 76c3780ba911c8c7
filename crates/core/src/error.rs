//! Errors: one for each act that can fail. Each names what was wrong and what would be right, and hands back what
//! was handed in.

mod route;
mod session;

pub use route::{
    BuildRouteTableError, GetError, PartitionUnavailable, ResolveError, SetError, SetErrorKind, SettingError,
};
pub use session::*;
