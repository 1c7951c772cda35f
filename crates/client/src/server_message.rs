//! What the server says in its error object.

use std::fmt;

/// What the server says in its error object. Not signed unless it came inside an [`UpdateList`](crate::UpdateList):
/// show it, do not act on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerMessage {
    /// The machine-readable code, such as `auth.token.expired`.
    pub key: String,
    /// The text for people.
    pub message: String,
    /// The values that the text is about.
    pub arguments: String,
}

impl ServerMessage {
    /// Makes a message fit for a terminal and a log line: no control characters, no more than 500 characters a part.
    pub(crate) fn clean(key: &str, message: &str, arguments: &str) -> Self {
        Self { key: printable(key), message: printable(message), arguments: printable(arguments) }
    }

    /// The same message with dots wherever its texts repeat a secret. The key stays, because programs decide by it; and
    /// so does what is too short to be a secret, because it may stand in any word.
    pub(crate) fn without(self, secret: &str) -> Self {
        let hide = |text: String| if secret.len() < SHORTEST_SECRET { text } else { text.replace(secret, "…") };
        Self { key: self.key, message: hide(self.message), arguments: hide(self.arguments) }
    }
}

impl fmt::Display for ServerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.key.as_str(), self.message.as_str()) {
            (key, "") => f.write_str(key),
            ("", message) => f.write_str(message),
            (key, message) => write!(f, "{key}: {message}"),
        }
    }
}

fn printable(text: &str) -> String {
    text.chars().take(MAX_SHOWN_PART).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

const MAX_SHOWN_PART: usize = 500;

/// Shortest text, in bytes, that is hidden as a secret.
const SHORTEST_SECRET: usize = 6;

#[cfg(test)]
mod tests {
    use super::ServerMessage;

    #[test]
    fn a_secret_is_hidden_in_texts_and_never_in_the_key() {
        let said = |secret: &str| {
            let message = ServerMessage::clean("activation.unknown", "Nobody has activation", "ACT-42 activation");
            let ServerMessage { key, message, arguments } = message.without(secret);
            assert_eq!(key, "activation.unknown");
            (message, arguments)
        };
        let as_it_is = ("Nobody has activation".to_owned(), "ACT-42 activation".to_owned());
        assert_eq!(said("activation"), ("Nobody has …".to_owned(), "ACT-42 …".to_owned()));
        assert_eq!(said("ACT-42"), ("Nobody has activation".to_owned(), "… activation".to_owned()));
        for short in ["", "a", "o", "activ"] {
            assert_eq!(said(short), as_it_is, "{short}");
        }
    }
}
