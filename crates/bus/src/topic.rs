//! Topics and patterns of them: words with dots between; in a pattern `*` is any one word and `>`, at the end, any
//! words from there on.

/// Where commands go; patterns of events never match there.
pub const COMMANDS: &str = "commands.";
/// Where records for the warehouse go, with the code of their entity: who publishes there writes rows.
pub const RECORDS: &str = "records.";
/// Where services' own events go.
pub const PLATFORM: &str = "tessera.";
/// The longest topic.
pub const LONGEST: usize = 200;

/// A pattern of topics.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: String,
    commands: bool,
}

impl Pattern {
    /// The pattern of a text; what is not well formed matches what it says literally, so that it is best checked
    /// with [`is_pattern`] first. The empty one is `>`.
    pub fn new(text: &str) -> Self {
        let text = if text.is_empty() { ">" } else { text };
        Self {
            text: text.to_owned(),
            commands: text.starts_with(COMMANDS),
        }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is one of commands.
    pub fn is_of_commands(&self) -> bool {
        self.commands
    }

    /// Whether a topic matches.
    pub fn matches(&self, topic: &str) -> bool {
        if self.commands != topic.starts_with(COMMANDS) {
            return false;
        }
        if self.text == ">" {
            return true;
        }
        let (mut pattern, mut words) = (self.text.split('.'), topic.split('.'));
        loop {
            match (pattern.next(), words.next()) {
                (Some(">"), Some(_)) | (None, None) => return true,
                (Some("*"), Some(_)) => {}
                (Some(one), Some(word)) if one == word => {}
                _ => return false,
            }
        }
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a text is a topic: words of letters, digits, `-` and `_` with dots between.
pub fn is_topic(text: &str) -> bool {
    text.len() <= LONGEST && text.split('.').all(is_word)
}

/// Whether a text is a pattern of topics.
pub fn is_pattern(text: &str) -> bool {
    let mut words = text.split('.').peekable();
    while let Some(word) = words.next() {
        let good = word == "*" || is_word(word) || (word == ">" && words.peek().is_none());
        if !good {
            return false;
        }
    }
    text.len() <= LONGEST
}

fn is_word(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_word_by_word() {
        for (pattern, topic, expected) in [
            ("ingestion.*", "ingestion.completed", true),
            ("ingestion.*", "ingestion", false),
            ("ingestion.*", "ingestion.file.completed", false),
            ("ingestion.>", "ingestion.file.completed", true),
            ("ingestion.>", "ingestion", false),
            ("*.completed", "ingestion.completed", true),
            ("*.completed", "completed", false),
            ("a.*.c", "a.b.c", true),
            ("a.b", "a.bc", false),
            ("a.b", "a.b", true),
            (">", "a.b.c", true),
            ("", "a", true),
            (">", "commands.train-model", false),
            ("*.train-model", "commands.train-model", false),
            ("commands.train-model", "commands.train-model", true),
            ("commands.*", "commands.train-model", true),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(topic),
                expected,
                "{pattern} {topic}"
            );
        }
    }

    #[test]
    fn what_is_a_topic_and_what_a_pattern() {
        for good in ["a", "a.b", "tessera.x.v1.Changed", "a-b_c.1"] {
            assert!(is_topic(good) && is_pattern(good), "{good}");
        }
        for bad in ["", ".", "a.", ".a", "a..b", "a b", "é", &"a".repeat(201)] {
            assert!(!is_topic(bad) && !is_pattern(bad), "{bad}");
        }
        for pattern in ["*", ">", "a.*", "a.>", "*.*.>"] {
            assert!(!is_topic(pattern) && is_pattern(pattern), "{pattern}");
        }
        for bad in ["a.>.b", ">.a", "a*", "**"] {
            assert!(!is_pattern(bad), "{bad}");
        }
    }

    proptest! {
        /// A topic matches itself, everything and itself with any word starred.
        #[test]
        fn a_topic_matches_what_was_made_of_it(words in prop::collection::vec("[a-z]{1,5}", 1..6), at in any::<prop::sample::Index>()) {
            let topic = words.join(".");
            let mut starred = words.clone();
            let at = at.index(words.len());
            starred[at] = "*".to_owned();
            prop_assert!(Pattern::new(&topic).matches(&topic));
            prop_assert!(Pattern::new(&starred.join(".")).matches(&topic));
            let tail = [&words[..at], &[">".to_owned()]].concat().join(".");
            prop_assert!(Pattern::new(&tail).matches(&topic));
            let longer = format!("{topic}.more");
            prop_assert!(!Pattern::new(&topic).matches(&longer));
        }
    }
}
