//! Contracts, as far as text tells (the build knows the rest): every RPC has a comment, its options
//! and its route; imports stay at home; vendored contracts come with their licence.

use super::Problem;
use crate::tree::Tree;

/// What a contract may import besides its own package.
const IMPORTS: &[&str] = &[
    "google/",
    "buf/validate/",
    "io/cloudevents/",
    "tessera/options/v1/",
    "tessera/type/v1/",
];

/// Every RPC of ours says what it does, who may call it and, unless processes alone may, its route.
pub(super) fn methods(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree
        .under("proto/tessera/")
        .filter(|file| file.path.ends_with(".proto"))
    {
        let lines: Vec<&str> = file.text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let Some(rest) = line.trim_start().strip_prefix("rpc ") else {
                continue;
            };
            let name = rest.split('(').next().unwrap_or("").trim();
            let mut problem = |text: &str| {
                problems.push(Problem::new(
                    "contracts",
                    &file.path,
                    index + 1,
                    format!("{name} {text}"),
                ));
            };
            if index == 0 || !lines[index - 1].trim_start().starts_with("//") {
                problem("has no comment");
            }
            let body = block(&lines[index..]);
            if !body.contains("(tessera.options.v1.rpc)") {
                problem("has no `tessera.options.v1.rpc` option");
            }
            if !body.contains("VISIBILITY_INTERNAL") && !body.contains("(google.api.http)") {
                problem("has no `google.api.http` rule and is not INTERNAL");
            }
            if body.contains("VISIBILITY_INTERNAL") && body.contains("(google.api.http)") {
                problem("is INTERNAL and has a `google.api.http` rule");
            }
        }
    }
    problems
}

/// The text from an `rpc` line to the brace that closes it.
fn block(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut depth = 0_i32;
    for line in lines {
        let bare = line.split("//").next().unwrap_or("");
        text.push_str(line);
        text.push('\n');
        depth += i32::try_from(bare.matches('{').count()).unwrap_or(0);
        depth -= i32::try_from(bare.matches('}').count()).unwrap_or(0);
        if depth <= 0 && (bare.contains('}') || bare.trim_end().ends_with(';')) {
            break;
        }
    }
    text
}

/// A contract imports its own package and what all may import; never another service's.
pub(super) fn imports(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree
        .under("proto/tessera/")
        .filter(|file| file.path.ends_with(".proto"))
    {
        let own = file
            .path
            .strip_prefix("proto/")
            .and_then(|path| path.rsplit_once('/'));
        let own = own.map_or(String::new(), |(folder, _)| format!("{folder}/"));
        for (index, line) in file.text.lines().enumerate() {
            let Some(path) = line
                .strip_prefix("import ")
                .and_then(|rest| rest.split('"').nth(1))
            else {
                continue;
            };
            if !path.starts_with(&own) && !IMPORTS.iter().any(|prefix| path.starts_with(prefix)) {
                let text = format!(
                    "imports {path}: another service's things are references, `tessera.type.v1.Ref`"
                );
                problems.push(Problem::new("contracts", &file.path, index + 1, text));
            }
        }
    }
    problems
}

/// Whatever is vendored beside our contracts has its licence with it.
pub(super) fn licences(tree: &Tree) -> Vec<Problem> {
    let vendored = tree
        .folders("proto")
        .into_iter()
        .filter(|name| *name != "tessera");
    vendored
        .filter(|name| {
            !tree
                .files
                .iter()
                .any(|file| file.path == format!("proto/{name}/LICENSE"))
        })
        .map(|name| {
            Problem::new(
                "licences",
                &format!("proto/{name}"),
                0,
                "vendored without its LICENSE file",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tree_of;

    const PATH: &str = "proto/tessera/metadata/v1/metadata_service.proto";

    fn texts(problems: Vec<Problem>) -> Vec<String> {
        problems.into_iter().map(|problem| problem.text).collect()
    }

    fn of_method(method: &str) -> Vec<String> {
        texts(methods(&tree_of(&[(PATH, method)])))
    }

    #[test]
    fn a_whole_method_is_in_order() {
        let method = "service S {\n  // Gets one.\n  rpc Get(A) returns (B) {\n    option (tessera.options.v1.rpc) = {permission: \"a.b.read\"};\n    option (google.api.http) = {get: \"/api/v1/a/{id}\"};\n  }\n}\n";
        assert_eq!(of_method(method), Vec::<String>::new());
        let internal = "// Gets one.\nrpc Get(A) returns (B) {\n  option (tessera.options.v1.rpc) = {visibility: VISIBILITY_INTERNAL};\n}\n";
        assert_eq!(of_method(internal), Vec::<String>::new());
    }

    #[test]
    fn a_bare_method_fails_three_times() {
        let problems = of_method(
            "service S {\n  rpc Get(A) returns (B);\n  // Two.\n  rpc Two(A) returns (B) {\n    option (tessera.options.v1.rpc) = {};\n    option (google.api.http) = {get: \"/x\"};\n  }\n}\n",
        );
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn another_services_contract_is_not_imported() {
        let text = "import \"buf/validate/validate.proto\";\nimport \"tessera/metadata/v1/entity.proto\";\nimport \"tessera/identity/v1/user.proto\";\n";
        let problems = texts(imports(&tree_of(&[(PATH, text)])));
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains("identity"));
    }

    #[test]
    fn vendored_contracts_need_their_licence() {
        let tree = tree_of(&[
            ("proto/google/LICENSE", "Apache"),
            ("proto/google/api/http.proto", ""),
            ("proto/buf/validate/validate.proto", ""),
        ]);
        let problems = licences(&tree);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].path, "proto/buf");
    }
}
