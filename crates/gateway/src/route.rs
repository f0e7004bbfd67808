//! All HTTP routes in one trie. A literal segment beats a variable; two equal templates fail the start.

pub(crate) mod binding;
mod rule;
pub(crate) mod template;

use std::collections::HashMap;

use proto::MethodTable;
use proto::method::Visibility;

pub(crate) use binding::{Binding, Body};
use template::Segment;

use crate::transcode::Transcoder;

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, usize, foldhash::fast::RandomState>,
    star: Option<usize>,
    /// Bindings whose `**` takes all from here on.
    rest: Vec<usize>,
    /// Bindings that end here.
    ends: Vec<usize>,
}

/// Every route of the edge.
#[derive(Debug)]
pub(crate) struct Routes {
    nodes: Vec<Node>,
    bindings: Vec<Binding>,
}

/// What a path leads to.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// A route.
    Route(&'a Binding),
    /// Routes, for these other methods only.
    OtherMethods(Vec<&'a str>),
    /// Nothing.
    Nothing,
}

impl Routes {
    /// The routes of all methods in the table that have an HTTP rule.
    pub(crate) fn new(transcoder: &Transcoder, methods: &MethodTable) -> Result<Self, String> {
        let mut routes = Self {
            nodes: vec![Node::default()],
            bindings: Vec::new(),
        };
        let pool = transcoder.pool();
        let Some(extension) = pool.get_extension_by_name("google.api.http") else {
            return Ok(routes);
        };
        for method in pool
            .services()
            .flat_map(|s| s.methods().collect::<Vec<_>>())
        {
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            // imported services, such as google.longrunning.Operations, have rules but are not ours
            let Some(rpc) = methods.get(&path) else {
                continue;
            };
            let refuse = |what: String| format!("{}: {what}", method.full_name());
            for (i, rule) in rule::rules(&extension, &method)
                .map_err(refuse)?
                .iter()
                .enumerate()
            {
                if rpc.visibility == Visibility::Internal {
                    return Err(refuse("is internal and must have no HTTP rule".into()));
                }
                let binding = Binding::new(transcoder.tables(), &method, rpc, rule, i == 0)
                    .map_err(refuse)?;
                routes.add(binding)?;
            }
        }
        Ok(routes)
    }

    /// In the order of the descriptors.
    pub(crate) fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    fn child(&mut self, node: usize, segment: &Segment) -> usize {
        let known = match segment {
            Segment::Literal(text) => self.nodes[node].literals.get(text.as_str()).copied(),
            _ => self.nodes[node].star,
        };
        known.unwrap_or_else(|| {
            self.nodes.push(Node::default());
            let child = self.nodes.len() - 1;
            match segment {
                Segment::Literal(text) => {
                    self.nodes[node]
                        .literals
                        .insert(text.as_str().into(), child);
                }
                _ => self.nodes[node].star = Some(child),
            }
            child
        })
    }

    fn add(&mut self, binding: Binding) -> Result<(), String> {
        let mut node = 0;
        let mut rest = false;
        for segment in &binding.segments {
            rest = *segment == Segment::Rest;
            if !rest {
                node = self.child(node, segment);
            }
        }
        let ends = if rest {
            &self.nodes[node].rest
        } else {
            &self.nodes[node].ends
        };
        let equal = ends
            .iter()
            .map(|&i| &self.bindings[i])
            .find(|other| other.http_method == binding.http_method && other.verb == binding.verb);
        if let Some(other) = equal {
            return Err(format!(
                "{} {} of {} is also {} of {}",
                binding.http_method,
                binding.template,
                binding.rpc.path,
                other.template,
                other.rpc.path
            ));
        }
        let id = self.bindings.len();
        let node = &mut self.nodes[node];
        if rest {
            node.rest.push(id)
        } else {
            node.ends.push(id)
        }
        self.bindings.push(binding);
        Ok(())
    }

    /// The route of a path, which is still percent-encoded; `segments` gets its parts, without the verb.
    pub(crate) fn find<'p>(
        &self,
        method: &str,
        path: &'p str,
        segments: &mut Vec<&'p str>,
    ) -> Found<'_> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let colon = path.rfind(':').filter(|&i| !path[i..].contains('/'));
        let with_verb = colon.map(|i| (&path[..i], &path[i + 1..]));
        let mut search = Search {
            routes: self,
            method,
            verb: "",
            others: Vec::new(),
        };
        // a colon may also be part of the last variable
        for (path, verb) in with_verb.into_iter().chain([(path, "")]) {
            segments.clear();
            segments.extend(path.split('/'));
            search.verb = verb;
            if let Some(found) = search.walk(0, segments) {
                return Found::Route(&self.bindings[found]);
            }
        }
        if search.others.is_empty() {
            return Found::Nothing;
        }
        search.others.sort_unstable();
        search.others.dedup();
        Found::OtherMethods(search.others)
    }
}

struct Search<'a, 'm> {
    routes: &'a Routes,
    method: &'m str,
    verb: &'m str,
    /// Methods of routes that matched but for their method.
    others: Vec<&'a str>,
}

impl Search<'_, '_> {
    fn pick(&mut self, candidates: &[usize]) -> Option<usize> {
        for &id in candidates {
            let binding = &self.routes.bindings[id];
            if binding.verb != self.verb {
                continue;
            }
            if binding.http_method == self.method || binding.http_method == "*" {
                return Some(id);
            }
            self.others.push(&binding.http_method);
        }
        None
    }

    fn walk(&mut self, node: usize, segments: &[&str]) -> Option<usize> {
        let routes = self.routes;
        let node = &routes.nodes[node];
        let Some((first, rest)) = segments.split_first() else {
            return self.pick(&node.ends).or_else(|| self.pick(&node.rest));
        };
        if let Some(&next) = node.literals.get(*first)
            && let Some(found) = self.walk(next, rest)
        {
            return Some(found);
        }
        if let Some(next) = node.star
            && !first.is_empty()
            && let Some(found) = self.walk(next, rest)
        {
            return Some(found);
        }
        self.pick(&node.rest)
    }
}
