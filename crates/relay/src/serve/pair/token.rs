//! What a side comes back with: its code and role, and the token of its owner.

use crate::wire::{PairCode, Role, Secret};
use subtle::ConstantTimeEq;
use tenure_core::Token;

/// What a side comes back with.
#[derive(Clone, Copy)]
pub(super) struct Ticket {
    pub(super) code: PairCode,
    pub(super) role: Role,
    pub(super) token: Token,
}

impl Ticket {
    /// As it is given to the client.
    pub(super) fn to_secret(self) -> Secret {
        let role = match self.role {
            Role::Creator => 'c',
            Role::Claimer => 'j',
        };
        Secret(format!("{}.{role}.{}", self.code.key(), self.token))
    }

    /// As the client gives it back; none if it is none.
    pub(super) fn parse(text: &Secret) -> Option<Self> {
        let mut parts = text.0.splitn(3, '.');
        let code = parts.next()?.parse().ok()?;
        let role = match parts.next()? {
            "c" => Role::Creator,
            "j" => Role::Claimer,
            _ => return None,
        };
        Some(Self { code, role, token: parts.next()?.parse().ok()? })
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
    fn a_ticket_comes_back_as_it_was_given() {
        let map = SessionMap::<()>::new();
        let (owner, other) = (map.owner(), map.owner());
        let code = "K7QX2M9P".parse().unwrap();
        for role in [Role::Creator, Role::Claimer] {
            let given = Ticket { code, role, token: owner.token().unwrap() };
            let back = Ticket::parse(&given.to_secret()).unwrap();
            assert_eq!((back.code, back.role), (code, role));
            assert!(same(back.token, given.token) && !same(back.token, other.token().unwrap()));
        }
        for text in ["", "K7QX2M9P", "K7QX2M9P.c", "K7QX2M9P.x.1-0123456789abcdef", "O.c.1-0123456789abcdef"]
        {
            assert!(Ticket::parse(&Secret(text.to_owned())).is_none(), "{text}");
        }
    }
}
