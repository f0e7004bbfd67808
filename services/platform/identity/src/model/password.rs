//! Which passwords are accepted; how they are hashed is in `passwords`.

use std::fmt;

use error::{Error, Result};

use super::Email;

/// Passwords that are tried first by everyone, of the length our policy asks for, and the stems that
/// people lengthen with digits to get there. All lower case.
const COMMON: &[&str] = &[
    "abc",
    "abcd",
    "abcdef",
    "abcdefg",
    "abcdefgh",
    "abcdefghijkl",
    "access",
    "administrator",
    "admin",
    "asdf",
    "asdfgh",
    "asdfghjkl",
    "baseball",
    "basketball",
    "batman",
    "changeme",
    "changemenow",
    "charlie",
    "computer",
    "correcthorsebatterystaple",
    "default",
    "defaultpassword",
    "dragon",
    "football",
    "freedom",
    "hello",
    "helloworld",
    "iloveyou",
    "iloveyouforever",
    "internet",
    "letmein",
    "letmeinplease",
    "liverpool",
    "login",
    "master",
    "michael",
    "monkey",
    "mustang",
    "mypassword",
    "newpassword",
    "p@ssw0rd",
    "p@ssword",
    "passw0rd",
    "password",
    "passwordpassword",
    "princess",
    "q1w2e3r4t5y6",
    "qazwsx",
    "qazwsxedc",
    "qazwsxedcrfv",
    "qwer",
    "qwert",
    "qwerty",
    "qwertyuiop",
    "qwertyqwerty",
    "qwertyuiopasdf",
    "root",
    "secret",
    "shadow",
    "starwars",
    "summer",
    "sunshine",
    "superman",
    "superuser",
    "temporary",
    "tessera",
    "test",
    "testing",
    "testtest",
    "thisisapassword",
    "trustno",
    "welcome",
    "welcomehome",
    "whatever",
    "winter",
    "zaq1xsw2cde3",
    "zxcvbnm",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
];

/// A password on its way through the process; it never prints.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(String);

impl Password {
    /// Takes the text as it came; nothing is trimmed or folded.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for hashing and for the file of the first start.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What a new password must be like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// Fewest characters.
    pub(crate) min_length: usize,
    /// Most characters: a bound on the work a stranger can ask for.
    pub(crate) max_length: usize,
}

impl Policy {
    /// Accepts a new password for the account of `email`, or says at `field` what it lacks.
    pub(crate) fn check(&self, field: &str, text: &str, email: &Email) -> Result<Password> {
        let refuse = |reason: &str, description: String| {
            Err(Error::invalid_field(field, reason, description))
        };
        let length = text.chars().count();
        if length < self.min_length {
            return refuse(
                "PASSWORD_TOO_SHORT",
                format!("must have at least {} characters", self.min_length),
            );
        }
        if length > self.max_length {
            return refuse(
                "PASSWORD_TOO_LONG",
                format!("must have at most {} characters", self.max_length),
            );
        }
        if is_common(text) {
            return refuse(
                "PASSWORD_TOO_COMMON",
                "must not be one of the passwords that are tried first".into(),
            );
        }
        let folded = text.to_lowercase();
        let local = email.as_str().split('@').next().unwrap_or_default();
        if folded == email.as_str() || stem(&folded) == local {
            return refuse(
                "PASSWORD_TOO_COMMON",
                "must not be made from the e-mail address".into(),
            );
        }
        Ok(Password::new(text))
    }
}

/// Is it on the list, a listed word lengthened with digits and signs, or a repetition or run of characters?
fn is_common(text: &str) -> bool {
    let folded = text.to_lowercase();
    COMMON.contains(&folded.as_str())
        || COMMON.contains(&stem(&folded))
        || stem(&folded).is_empty()
        || is_repetition(&folded)
        || is_run(&folded)
}

/// The text without the digits and signs around it.
fn stem(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation())
}

/// The same one to four characters over and over.
fn is_repetition(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=4).any(|period| {
        chars.len() > period && chars.iter().zip(&chars[period..]).all(|(a, b)| a == b)
    })
}

/// Neighbours in the alphabet all along, up or down.
fn is_run(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    [1, -1]
        .iter()
        .any(|step| codes.len() > 1 && codes.windows(2).all(|pair| pair[1] - pair[0] == *step))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        min_length: 12,
        max_length: 128,
    };

    fn refused(text: &str) -> String {
        let email = Email::parse("email", "ada.lovelace@example.com").unwrap();
        match POLICY.check("password", text, &email) {
            Ok(_) => String::new(),
            Err(error) => error.violations()[0].reason.clone(),
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(refused("kurz"), "PASSWORD_TOO_SHORT");
        assert_eq!(refused("äöüßéèêëñçþð"), "");
        assert_eq!(refused(&"violet-anchor".repeat(10)), "PASSWORD_TOO_LONG");
        assert_eq!(refused("violet-anchor-41"), "");
    }

    #[test]
    fn common_passwords_are_refused() {
        for text in [
            "Password1234",
            "PasswordPassword",
            "123456789012",
            "qwertyuiop12",
            "aaaaaaaaaaaa",
            "abababababab",
            "abcdefghijklm",
            "zyxwvutsrqpon",
            "!!Welcome2026!!",
            "ada.lovelace@example.com",
            "Ada.Lovelace2026",
            "000000-00000-0",
        ] {
            assert_eq!(refused(text), "PASSWORD_TOO_COMMON", "{text}");
        }
    }

    #[test]
    fn a_password_does_not_print() {
        assert_eq!(format!("{:?}", Password::new("violet-anchor-41")), "***");
    }
}
