//! What a template's words stand for: a service's name in its shapes.

/// The words a template may hold, and what stands there instead.
pub(super) struct Words(Vec<(&'static str, String)>);

impl Words {
    /// The words for the service `name` in `wing`.
    pub(super) fn new(name: &str, wing: &str) -> Self {
        let resource = singular(name);
        let resource_type = pascal(&resource);
        let plural = plural(&resource);
        let article = if resource.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        Self(vec![
            ("__a_resource__", format!("{article} {resource}")),
            ("__A_resource__", format!("{} {resource}", pascal(article))),
            ("__service__", name.to_owned()),
            ("__Service__", pascal(name)),
            ("__wing__", wing.to_owned()),
            ("__resources__", plural.clone()),
            ("__Resources__", pascal(&plural)),
            ("__resource__", resource.clone()),
            ("__Resource__", resource_type),
            ("__RESOURCE__", resource.to_uppercase()),
        ])
    }

    /// `text` with every word replaced.
    pub(super) fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (word, value)| {
            text.replace(word, value)
        })
    }
}

/// `risk_record` as `RiskRecord`.
pub(super) fn pascal(name: &str) -> String {
    let words = name.split(['_', '-']).map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    });
    words.collect()
}

/// What one thing of the service `name` is called: `articles` keeps an article, `voice` a voice.
fn singular(name: &str) -> String {
    let endings = [
        ("ies", "y"),
        ("sses", "ss"),
        ("xes", "x"),
        ("ss", "ss"),
        ("s", ""),
    ];
    for (ending, one) in endings {
        if let Some(stem) = name.strip_suffix(ending) {
            return format!("{stem}{one}");
        }
    }
    // A field of work rather than a plural: its things need another word than its own.
    "record".to_owned()
}

fn plural(resource: &str) -> String {
    match resource.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if resource.ends_with(['s', 'x']) => format!("{resource}es"),
        _ => format!("{resource}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wings::WINGS;

    #[test]
    fn every_name_of_the_table_gives_a_resource() {
        for (_, names) in WINGS {
            for name in names {
                let words = Words::new(name, "work");
                let filled =
                    words.fill("__service__ __Service__ __resource__ __Resource__ __resources__ __A_resource__");
                assert!(!filled.contains("__"), "{filled}");
            }
        }
        assert_eq!(
            (singular("articles"), plural("article")),
            ("article".into(), "articles".into())
        );
        assert_eq!(
            (singular("queries"), plural("query")),
            ("query".into(), "queries".into())
        );
        let words = Words::new("articles", "work");
        assert_eq!(
            words.fill("__A_resource__, __a_resource__"),
            "An article, an article"
        );
        assert_eq!(singular("governance"), "record");
        assert_eq!(pascal("risk_record"), "RiskRecord");
    }
}
