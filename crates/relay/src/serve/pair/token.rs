//! What a side comes back with: its code and role, the token of its owner, and a mark that this relay has given it.
//!
//! The token is compared with the side's while there is one. The mark is good beyond that: who has a ticket of a session
//! that is over was there, and may be told why it ended.

use crate::wire::{PairCode, Role, Secret};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::{self, Write as _};
use subtle::ConstantTimeEq;
use tenure_core::Token;

/// Bytes of a mark.
const MARK: usize = 16;

/// Makes tickets and knows its own again. Those of an earlier relay are none.
pub(in crate::serve) struct Tickets {
    keyed: Hmac<Sha256>,
}

/// What a side comes back with.
#[derive(Clone, Copy)]
pub(super) struct Ticket {
    pub(super) code: PairCode,
    pub(super) role: Role,
    pub(super) token: Token,
}

impl Tickets {
    /// With a key that nobody has.
    ///
    /// # Errors
    /// The operating system has no random bytes.
    pub(in crate::serve) fn new() -> Result<Self, getrandom::Error> {
        // A block of SHA-256, as a key of HMAC is.
        let mut key = [0; 64];
        getrandom::fill(&mut key)?;
        Ok(Self { keyed: Hmac::new(&key.into()) })
    }

    /// As it is given to the client.
    pub(super) fn give(&self, ticket: Ticket) -> Secret {
        let role = match ticket.role {
            Role::Creator => 'c',
            Role::Claimer => 'j',
        };
        let mut text = format!("{}.{role}.{}.", ticket.code.key(), ticket.token);
        for byte in &self.mark(&text).finalize().into_bytes()[..MARK] {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        Secret(text)
    }

    /// As the client gives it back; none if this relay has not given it.
    pub(super) fn take(&self, text: &Secret) -> Option<Ticket> {
        let (content, mark) = text.0.split_at_checked(text.0.rfind('.')? + 1)?;
        let mut bytes = [0; MARK];
        if mark.len() != 2 * MARK || !mark.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&mark[2 * at..2 * at + 2], 16).ok()?;
        }
        // Takes as long whatever differs.
        self.mark(content).verify_truncated_left(&bytes).ok()?;
        let mut parts = content.splitn(4, '.');
        let code = parts.next()?.parse().ok()?;
        let role = match parts.next()? {
            "c" => Role::Creator,
            "j" => Role::Claimer,
            _ => return None,
        };
        Some(Ticket { code, role, token: parts.next()?.parse().ok()? })
    }

    fn mark(&self, content: &str) -> Hmac<Sha256> {
        let mut keyed = self.keyed.clone();
        keyed.update(content.as_bytes());
        keyed
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").finish_non_exhaustive()
    }
}

/// Whether two tokens are the same; takes as long whatever they are.
pub(super) fn same(one: Token, other: Token) -> bool {
    // The texts of two owners' numbers may differ in length; they are no secret.
    one.to_string().as_bytes().ct_eq(other.to_string().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_core::SessionMap;

    #[test]
    fn a_ticket_comes_back_as_it_was_given_and_only_to_who_has_given_it() {
        let map = SessionMap::<()>::new();
        let (owner, other) = (map.owner(), map.owner());
        let (tickets, others) = (Tickets::new().unwrap(), Tickets::new().unwrap());
        let code = "K7QX2M9P".parse().unwrap();
        for role in [Role::Creator, Role::Claimer] {
            let given = Ticket { code, role, token: owner.token().unwrap() };
            let secret = tickets.give(given);
            let back = tickets.take(&secret).unwrap();
            assert_eq!((back.code, back.role), (code, role));
            assert!(same(back.token, given.token) && !same(back.token, other.token().unwrap()));
            assert!(others.take(&secret).is_none());
            // No sign of it may be another.
            for at in 0..secret.0.len() {
                let mut bytes = secret.0.clone().into_bytes();
                bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
                let changed = Secret(String::from_utf8(bytes).unwrap());
                assert!(tickets.take(&changed).is_none(), "the sign {at}");
            }
            for length in 0..secret.0.len() {
                assert!(tickets.take(&Secret(secret.0[..length].to_owned())).is_none());
            }
        }
        for text in [
            "",
            ".",
            "K7QX2M9P.c.1-0123456789abcdef",
            "é.ééééééééééééééééé",
            "....+0+0+0+0+0+0+0+0+0+0+0+0+0+0+0+0",
        ] {
            assert!(tickets.take(&Secret(text.to_owned())).is_none(), "{text}");
        }
    }
}
