//! `google.api.http` path templates: `/api/v1/things/{id}`, `{name=things/*}`, `**`, `:verb`.

/// One segment of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Exactly this text.
    Literal(String),
    /// Any one segment.
    Star,
    /// All that is left, perhaps nothing.
    Rest,
}

/// A variable and the segments it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    /// Field path, such as `entity.id`.
    pub(crate) field: String,
    /// First segment.
    pub(crate) from: usize,
    /// Behind the last segment.
    pub(crate) to: usize,
    /// Whether it ends in `**` and so takes all that is left.
    pub(crate) rest: bool,
}

/// A parsed template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) segments: Vec<Segment>,
    pub(crate) variables: Vec<Variable>,
    /// What follows the last `:`, or nothing.
    pub(crate) verb: String,
}

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let refuse = |what: &str| Err(format!("path template {text:?}: {what}"));
        let Some(text) = text.strip_prefix('/') else {
            return refuse("must start with '/'");
        };
        let (path, verb) = split_verb(text);
        let mut template = Template {
            verb: verb.to_owned(),
            ..Template::default()
        };
        let mut rest = path;
        loop {
            if let Some(inner) = rest.strip_prefix('{') {
                let Some(end) = inner.find('}') else {
                    return refuse("'{' without '}'");
                };
                let (field, pattern) = inner[..end].split_once('=').unwrap_or((&inner[..end], "*"));
                if field.is_empty() || pattern.contains('{') {
                    return refuse("a variable needs a name and a plain pattern");
                }
                let from = template.segments.len();
                for part in pattern.split('/') {
                    template.segments.push(segment(part)?);
                }
                template.variables.push(Variable {
                    field: field.to_owned(),
                    from,
                    to: template.segments.len(),
                    rest: pattern.ends_with("**"),
                });
                rest = &inner[end + 1..];
            } else {
                let end = rest.find('/').unwrap_or(rest.len());
                template.segments.push(segment(&rest[..end])?);
                rest = &rest[end..];
            }
            if rest.is_empty() {
                break;
            }
            let Some(next) = rest.strip_prefix('/') else {
                return refuse("expected '/'");
            };
            rest = next;
        }
        if template
            .segments
            .iter()
            .rev()
            .skip(1)
            .any(|s| *s == Segment::Rest)
        {
            return refuse("'**' must be last");
        }
        Ok(template)
    }
}

fn segment(text: &str) -> Result<Segment, String> {
    match text {
        "*" => Ok(Segment::Star),
        "**" => Ok(Segment::Rest),
        "" => Err("path template: empty segment".into()),
        _ if text.contains(['{', '}', '*']) => {
            Err(format!("path template: {text:?} is no segment"))
        }
        _ => Ok(Segment::Literal(text.to_owned())),
    }
}

/// The verb follows the last `:` of the last segment, outside braces.
fn split_verb(text: &str) -> (&str, &str) {
    let (mut depth, mut colon) = (0, None);
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ':' if depth == 0 => colon = Some(i),
            '/' if depth == 0 => colon = None,
            _ => {}
        }
    }
    colon.map_or((text, ""), |i| (&text[..i], &text[i + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Segment::{Rest, Star};

    fn literal(text: &str) -> Segment {
        Segment::Literal(text.into())
    }

    #[test]
    fn every_form_is_read() {
        let t = Template::parse("/v1/{entity.id}:approve").unwrap();
        assert_eq!(t.segments, [literal("v1"), Star]);
        assert_eq!(t.verb, "approve");
        assert_eq!(
            (
                &*t.variables[0].field,
                t.variables[0].from,
                t.variables[0].to
            ),
            ("entity.id", 1, 2)
        );
        let t = Template::parse("/v1/{name=shelves/*/things/**}").unwrap();
        assert_eq!(
            t.segments,
            [
                literal("v1"),
                literal("shelves"),
                Star,
                literal("things"),
                Rest
            ]
        );
        assert!(t.variables[0].rest && t.variables[0].to == 5);
        assert_eq!(
            Template::parse("/v1/*/x").unwrap().segments,
            [literal("v1"), Star, literal("x")]
        );
    }

    #[test]
    fn broken_ones_are_refused() {
        for bad in [
            "v1",
            "/",
            "/v1//x",
            "/v1/{x",
            "/v1/{=*}",
            "/v1/**/x",
            "/v1/{a}{b}",
            "/v1/a*",
            "/v1/{x={y}}",
        ] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }
}
