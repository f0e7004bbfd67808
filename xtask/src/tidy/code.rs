//! What of a Rust file is code: comments and literals blanked, test modules cut, lines kept.

/// The code of `text` that is compiled into the product: no comments, no literals, no test items.
pub(crate) fn product(text: &str) -> String {
    without_tests(&code(text))
}

/// `text` with comments and the insides of literals replaced by blanks; line numbers stay.
pub(crate) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = literal(rest, out.chars().next_back()).unwrap_or(0);
        if taken == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(
                rest[..taken]
                    .chars()
                    .map(|c| if c == '\n' { '\n' } else { ' ' }),
            );
            rest = &rest[taken..];
        }
    }
    out
}

/// How many bytes of `rest` are a comment or a literal that begins here.
fn literal(rest: &str, before: Option<char>) -> Option<usize> {
    let to_end = |found: Option<usize>| Some(found.unwrap_or(rest.len()));
    if rest.starts_with("//") {
        return to_end(rest.find('\n'));
    }
    if rest.starts_with("/*") {
        return to_end(rest.find("*/").map(|at| at + 2));
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if let (Some(raw), false) = (rest.strip_prefix('r'), in_word) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            return to_end(rest[open..].find(&close).map(|at| open + at + close.len()));
        }
        return None;
    }
    if rest.starts_with('"') {
        return to_end(closing_quote(rest));
    }
    // A character, and not a lifetime: 'x' or an escape.
    if let Some(after) = rest.strip_prefix('\'') {
        if after.starts_with('\\') {
            return after
                .char_indices()
                .skip(2)
                .find(|(_, c)| *c == '\'')
                .map(|(at, _)| at + 2);
        }
        let one = after.chars().next()?;
        return after[one.len_utf8()..]
            .starts_with('\'')
            .then_some(one.len_utf8() + 2);
    }
    None
}

fn closing_quote(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Blanks each item that stands under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        out.push_str(&rest[..at]);
        let item = &rest[at..];
        let end = item_end(item, MARK.len());
        out.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}

/// Where the item ends whose attribute ends at `from`: at its `;`, or at the brace that closes it.
fn item_end(item: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in item.char_indices().skip_while(|(at, _)| *at < from) {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    item.len()
}

/// The line numbers on which `path` (such as `tokio::spawn` or `diesel`) stands as whole words.
pub(crate) fn lines_with(code: &str, path: &str) -> Vec<usize> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let on_line = |line: &str| {
        line.match_indices(path).any(|(at, found)| {
            let before = line[..at].chars().next_back();
            let after = line[at + found.len()..].chars().next();
            !before.is_some_and(word) && !after.is_some_and(word)
        })
    };
    let found = code
        .lines()
        .enumerate()
        .filter(|(_, line)| on_line(line))
        .map(|(index, _)| index + 1);
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = "// diesel\nlet a = \"diesel \\\" diesel\"; /* diesel\n*/ let b: &'static str = r#\"diesel \" diesel\"#; let c = '\"'; let d = '\\''; diesel::x()";
        let code = code(text);
        assert_eq!(lines_with(&code, "diesel"), [3]);
        assert_eq!(code.lines().count(), text.lines().count());
        assert_eq!(code.matches("diesel").count(), 1);
    }

    #[test]
    fn test_items_are_not_product() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { tokio::spawn(x) }\n}\n#[cfg(test)]\nuse x;\nfn c() { tokio::spawn(y) }\n";
        assert_eq!(lines_with(&product(text), "tokio::spawn"), [8]);
    }

    #[test]
    fn only_whole_words_count() {
        assert!(lines_with("use my_diesel::diesels;", "diesel").is_empty());
        assert_eq!(lines_with("use db::diesel;", "diesel"), [1]);
    }
}
