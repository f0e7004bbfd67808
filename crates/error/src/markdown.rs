//! Renders the reasons of all groups as the page `docs/errors.md`.

use std::fmt::Write;

use crate::Reason;

/// The page of all reasons: a table for each group, in the order given.
pub fn markdown(groups: &[(&str, &[&Reason])]) -> String {
    let mut page = String::from(
        "# Errors\n\n\
         <!-- Made from the reasons in the code by `cargo xtask errors`; do not edit. -->\n\n\
         Every failed call answers a gRPC status whose details hold a `google.rpc.ErrorInfo` with the domain `tessera`\n\
         and one of the reasons below. Over HTTP the same details stand in the JSON body. Reasons are stable; messages are not.\n",
    );
    for (group, reasons) in groups {
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "\n## {group}\n\n\
             | reason | gRPC code | HTTP status | meaning | how to fix |\n|---|---|---|---|---|\n"
        );
        for reason in *reasons {
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} | {} |",
                reason.name,
                reason.kind.name(),
                reason.kind.http_status().as_u16(),
                cell(reason.meaning),
                cell(reason.fix),
            );
        }
    }
    page
}

/// A text that stays within its table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, reason};

    #[test]
    fn a_row_has_reason_code_status_meaning_and_fix() {
        static ODD: Reason = Reason {
            name: "ODD",
            kind: Kind::Aborted,
            meaning: "a | b",
            fix: "c\nd",
        };
        let page = markdown(&[("general", reason::ALL), ("odd", &[&ODD])]);
        assert!(page.contains("## general\n"));
        assert!(page.contains("\n| `ODD` | ABORTED | 409 | a \\| b | c d |\n"));
        let rows = page.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, reason::ALL.len() + 1);
    }
}
