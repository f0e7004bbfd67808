//! Listing, a page at a time.

use crate::{About, Name, Objects, fault, open::Own, store::about};
use error::{Error, Result, reason};
use futures::TryStreamExt as _;
use object_store::{ObjectMeta, list::PaginatedListOptions, path::Path};
use std::collections::BTreeMap;

/// Objects on a page at most.
const MOST: usize = 1000;

/// A page of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The objects; their names begin below the folder that was listed from, not the folder that was listed.
    pub objects: Vec<About>,
    /// Where the next page begins; empty if this is the last one.
    pub next: String,
}

impl Objects {
    /// Lists what is in a folder and its folders, or everything here. The token is that of the page before, or empty.
    ///
    /// # Errors
    /// `INVALID_PAGE_TOKEN`, or that the store is of no use.
    pub async fn list(&self, folder: Option<&Name>, page: usize, token: &str) -> Result<Listing> {
        let (path, page) = (
            folder.map_or_else(|| self.base.clone(), |folder| self.path(folder)),
            page.clamp(1, MOST),
        );
        let said = folder.map_or("", Name::as_str);
        match &self.store.opened.own {
            Own::Folder(_) => self.list_folder(&path, page, token, said).await,
            Own::Remote(pages) => {
                let prefix = format!("{path}/");
                let prefix = (prefix != "/").then_some(prefix.as_str());
                let mut token = token.to_owned();
                loop {
                    let options = PaginatedListOptions {
                        max_keys: Some(page),
                        page_token: (!token.is_empty()).then(|| token.clone()),
                        ..PaginatedListOptions::default()
                    };
                    let listed = pages.list_paginated(prefix, options).await;
                    let listed = self
                        .counted("list", listed)
                        .map_err(|cause| fault::of_place(cause, said))?;
                    token = listed.page_token.unwrap_or_default();
                    // A store may give an empty page and go on.
                    if token.is_empty() || !listed.result.objects.is_empty() {
                        return Ok(Listing {
                            objects: self.named(listed.result.objects),
                            next: token,
                        });
                    }
                }
            }
        }
    }

    /// A folder has no order of its own: the names that follow the token are kept, as many as fit on the page.
    async fn list_folder(
        &self,
        path: &Path,
        page: usize,
        token: &str,
        said: &str,
    ) -> Result<Listing> {
        let from = match token.strip_prefix("after:") {
            Some(name) => Path::parse(name).map_err(|_| wrong_token())?,
            None if token.is_empty() => Path::default(),
            None => return Err(wrong_token()),
        };
        let mut found: BTreeMap<Path, ObjectMeta> = BTreeMap::new();
        let mut all = self.backend().list_with_offset(Some(path), &from);
        loop {
            let next = self.counted("list", all.try_next().await);
            let Some(meta) = next.map_err(|cause| fault::of_place(cause, said))? else {
                break;
            };
            found.insert(meta.location.clone(), meta);
            if found.len() > page + 1 {
                found.pop_last();
            }
        }
        let more = found.len() > page;
        if more {
            found.pop_last();
        }
        let next = match found.last_key_value() {
            Some((last, _)) if more => format!("after:{last}"),
            _ => String::new(),
        };
        Ok(Listing {
            objects: self.named(found.into_values().collect()),
            next,
        })
    }

    /// What is under names that we would not have given is not ours.
    fn named(&self, found: Vec<ObjectMeta>) -> Vec<About> {
        let name = |meta: ObjectMeta| {
            let below: Path = meta.location.prefix_match(&self.base)?.collect();
            let name = below.as_ref().parse().ok()?;
            Some(about(name, &meta))
        };
        found.into_iter().filter_map(name).collect()
    }
}

fn wrong_token() -> Error {
    Error::new(
        &reason::INVALID_PAGE_TOKEN,
        "the page token is none of this list",
    )
}
