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

    /// The same message with dots wherever it repeats a secret.
    pub(crate) fn without(self, secret: &str) -> Self {
        let hide = |text: String| if secret.is_empty() { text } else { text.replace(secret, "…") };
        Self { key: hide(self.key), message: hide(self.message), arguments: hide(self.arguments) }
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
