//! How a transfer on the command line can end.
