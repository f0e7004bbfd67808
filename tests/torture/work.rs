//! What goes on in a tenant of its own beside the questions: messages, generated worlds, checks of tables.

use super::{
    events::{self, Events},
    tally::Tally,
    tenant::call,
    worlds::Worlds,
};
use crate::{
    business::{list, text, whole},
    platform::Platform,
};
use reqwest::Method;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

pub(crate) const OPERATIONS: &str = "/api/v1/operations/operations";
/// How long an operation that is due may wait and take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The tenant's work.
pub(crate) struct Work {
    pub(crate) token: String,
    pub(crate) events: Events,
    pub(crate) worlds: Worlds,
    /// Operations that look at tables.
    pub(crate) checks: Vec<String>,
}

impl Work {
    /// Nothing but a definition and somebody who listens.
    pub(crate) async fn begin(platform: &Platform) -> Self {
        let token = crate::tenancy::another_tenant(platform, "works").await;
        platform.until_one_policy().await;
        let path = "/api/v1/metadata/entities";
        let body = Some(events::definition());
        let (status, answer) = call(platform, &token, Method::POST, path, body).await;
        assert_eq!(status, 200, "{answer}");
        let mut events = Events::default();
        events.listen(platform, &token).await;
        Self {
            token,
            events,
            worlds: Worlds::default(),
            checks: Vec::new(),
        }
    }

    /// Everything is done, each thing once.
    pub(crate) async fn end(
        &mut self,
        platform: &Platform,
        random: &mut super::values::Random,
        strangers: &[&str],
    ) {
        self.worlds.end(platform, &self.token).await;
        self.events
            .end(platform, &self.token, random, strangers)
            .await;
        for id in &self.checks {
            self.was_done(platform, id, strangers).await;
        }
    }

    /// Adds what was seen.
    pub(crate) fn count(&self, tally: &mut Tally) {
        tally.delivered += self.events.delivered();
        tally.truths += self.worlds.truths;
        tally.taken_over += self.worlds.taken_over;
        tally.operations += self.checks.len();
    }

    /// An operation has ended well, with each of its steps once; strangers do not find it.
    async fn was_done(&self, platform: &Platform, id: &str, strangers: &[&str]) {
        let path = format!("{OPERATIONS}/{id}?view=OPERATION_VIEW_FULL");
        let done = testkit::eventually_within(PATIENCE, "an operation to end", || async {
            let (status, one) = call(platform, &self.token, Method::GET, &path, None).await;
            // The list may not have heard of it yet.
            assert!(matches!(status, 200 | 404), "{status} {one}");
            match one["done"] == true && one["stale"] != true {
                true => Ok(one),
                false => Err(one),
            }
        })
        .await;
        assert_eq!(done["state"], "OPERATION_STATE_SUCCEEDED", "{done}");
        let steps = list(&done["details"]["steps"]);
        let names: BTreeSet<String> = steps.iter().map(|step| text(&step["name"])).collect();
        assert!(!names.is_empty() && names.len() == steps.len(), "{done}");
        for stranger in strangers {
            let (status, seen) = call(platform, stranger, Method::GET, &path, None).await;
            assert_eq!(status, 404, "{seen}");
        }
    }
}

/// Every version of every definition was told to those who listen, once and in order; so many definitions and changes there are.
pub(crate) async fn all_is_told(platform: &Platform, token: &str, expected: usize) {
    const TOPIC: &str = "tessera.metadata.v1.DefinitionChanged";
    let told = testkit::eventually_within(PATIENCE, "what changed to be told", || async {
        let told = events::log(platform, token, TOPIC).await;
        match told.len() >= expected {
            true => Ok(told),
            false => Err(format!("{} of {expected}", told.len())),
        }
    })
    .await;
    assert_eq!(told.len(), expected, "{told:?}");
    let mut versions: BTreeMap<String, i64> = BTreeMap::new();
    for message in &told {
        let change = &message["json"];
        let known = versions.entry(text(&change["id"])).or_default();
        *known += 1;
        assert_eq!(whole(&change["version"]), *known, "{change}");
    }
}
