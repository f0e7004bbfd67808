//! Create, get, list, batch get, update, delete and undelete, once for every kind.

use super::{cases::Case, *};
use crate::model::{Header, Kind};
use value::Id;

/// Takes one definition of the sample through its whole life, under another code.
async fn life<M: Case>(bench: &Bench<Metadata>) {
    let mut client = with_sample(bench).await;
    let mut stranger = Client::new(bench.stranger());
    let kind = M::KIND.name();
    import(&mut client, COMPLETE).await.expect("it is sound");
    let found = M::list(&mut client, v1::DefinitionFilter::default())
        .await
        .unwrap();
    for (number, mut copy) in found.into_iter().map(Case::plain).enumerate() {
        *copy.texts()[0] = format!("copy_{number}");
        let made = M::create(&mut client, copy.clone(), "").await.unwrap();
        assert_eq!(made.clone().plain(), copy, "every field comes back");
        assert_eq!(M::get(&mut client, made.id(), "").await.unwrap(), made);
    }
    let mut new = M::get(&mut client, "", "complete").await.unwrap().plain();
    *new.texts()[0] = "copy_of".to_owned();

    let made = M::create(&mut client, new.clone(), "once").await.unwrap();
    assert_eq!(made.clone().plain(), new, "every field comes back");
    assert_eq!(made.etag(), "v1");
    assert_eq!(
        M::create(&mut client, new.clone(), "once").await.unwrap(),
        made,
        "the same request is done once"
    );
    let mut other = new.clone();
    *other.texts()[1] = "another body".to_owned();
    assert_eq!(
        refused(M::create(&mut client, other, "once").await).reason(),
        "REQUEST_ID_REUSED"
    );
    assert_eq!(
        refused(M::create(&mut client, new.clone(), "").await).reason(),
        "DEFINITION_EXISTS"
    );

    assert_eq!(M::get(&mut client, made.id(), "").await.unwrap(), made);
    assert_eq!(M::get(&mut client, "", "copy_of").await.unwrap(), made);
    let listed = M::list(&mut client, v1::DefinitionFilter::default())
        .await
        .unwrap();
    assert!(listed.contains(&made));
    let nobody = Id::new().to_string();
    let (found, missing) = M::batch_get(&mut client, &[&nobody, made.id()])
        .await
        .unwrap();
    assert_eq!((found, missing), (vec![made.clone()], vec![nobody.clone()]));

    let mut nameless = M::default();
    *nameless.texts()[2] = "neither code nor name".to_owned();
    let error = refused(M::create(&mut client, nameless, "").await);
    for field in ["code", "name"] {
        assert!(
            violations(&error).contains(&(&format!("{kind}.{field}"), "REQUIRED")),
            "{error:?}"
        );
    }

    let mut change = made.clone();
    *change.texts()[2] = "changed".to_owned();
    *change.texts()[1] = "not in the mask".to_owned();
    let changed = M::update(&mut client, change.clone(), mask(&["description"]))
        .await
        .unwrap();
    assert_eq!(changed.etag(), "v2");
    let mut expected = new.clone();
    *expected.texts()[2] = "changed".to_owned();
    assert_eq!(changed.clone().plain(), expected);
    let stale = M::update(&mut client, change.clone(), mask(&["description"])).await;
    assert_eq!(refused(stale).reason(), "ETAG_MISMATCH");
    let again = M::update(&mut client, changed.clone(), mask(&["*"]))
        .await
        .unwrap();
    assert_eq!(again, changed, "what changes nothing makes no version");
    let unknown = M::update(&mut client, changed.clone(), mask(&["colour"])).await;
    assert_eq!(refused(unknown).reason(), "INVALID_FIELD_MASK");
    let mut renamed = changed.clone();
    *renamed.texts()[0] = "other_code".to_owned();
    let error = refused(M::update(&mut client, renamed, mask(&["code"])).await);
    assert_eq!(
        violations(&error),
        [(format!("{kind}.code").as_str(), "IMMUTABLE")]
    );

    for outcome in [
        M::get(&mut stranger, made.id(), "").await,
        M::get(&mut stranger, "", "copy_of").await,
        M::update(&mut stranger, changed.clone(), mask(&["description"])).await,
        M::delete(&mut stranger, made.id(), "").await,
        M::undelete(&mut stranger, made.id()).await,
        M::get(&mut client, &nobody, "").await,
        M::delete(&mut client, &nobody, "").await,
    ] {
        assert_eq!(refused(outcome).reason(), "NOT_FOUND");
    }
    assert!(
        M::list(&mut stranger, v1::DefinitionFilter::default())
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        M::batch_get(&mut stranger, &[made.id()]).await.unwrap().1,
        [made.id()]
    );

    assert_eq!(
        refused(M::delete(&mut client, made.id(), "v1").await).reason(),
        "ETAG_MISMATCH"
    );
    assert_eq!(
        refused(M::undelete(&mut client, made.id()).await).reason(),
        "DEFINITION_NOT_DELETED"
    );
    let gone = M::delete(&mut client, made.id(), "v2").await.unwrap();
    assert!(gone.deleted() && M::get(&mut client, made.id(), "").await.unwrap().deleted());
    assert_eq!(
        refused(M::get(&mut client, "", "copy_of").await).reason(),
        "NOT_FOUND"
    );
    assert_eq!(
        refused(M::update(&mut client, gone.clone(), mask(&["name"])).await).reason(),
        "DEFINITION_DELETED"
    );
    let listed = M::list(&mut client, v1::DefinitionFilter::default())
        .await
        .unwrap();
    assert!(listed.iter().all(|one| one.id() != made.id()));
    let filter = v1::DefinitionFilter {
        show_deleted: true,
        ..Default::default()
    };
    assert!(M::list(&mut client, filter).await.unwrap().contains(&gone));
    let back = M::undelete(&mut client, made.id()).await.unwrap();
    assert_eq!((back.etag(), back.clone().plain()), ("v4", expected));

    M::delete(&mut client, made.id(), "").await.unwrap();
    let heir = M::create(&mut client, new, "").await.unwrap();
    assert_ne!(heir.id(), made.id());
    assert_eq!(
        refused(M::undelete(&mut client, made.id()).await).reason(),
        "DEFINITION_EXISTS"
    );
}

/// The complete ontology has every field that a document may have: none is left out of the tests below.
#[test]
fn the_complete_ontology_is_complete() {
    let items = crate::model::ontology::parse(COMPLETE).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for item in items {
        let document = item.definition.unwrap().document();
        seen.extend(
            document
                .as_object()
                .unwrap()
                .keys()
                .map(|field| (item.kind, field.clone())),
        );
    }
    for kind in Kind::ALL {
        for field in Header::FIELDS.iter().chain(kind.fields()) {
            assert!(
                seen.contains(&(kind, (*field).to_owned())),
                "{kind:?} without {field}"
            );
        }
    }
}

testkit::both! {
    /// Proves: META-01, META-03
    async fn entities_live(bench: Bench<Metadata>) { life::<v1::Entity>(&bench).await }
    /// Proves: META-01, META-03
    async fn relationships_live(bench: Bench<Metadata>) { life::<v1::Relationship>(&bench).await }
    /// Proves: META-01, META-03
    async fn metrics_live(bench: Bench<Metadata>) { life::<v1::Metric>(&bench).await }
    /// Proves: META-03
    async fn value_chains_live(bench: Bench<Metadata>) { life::<v1::ValueChain>(&bench).await }
    /// Proves: META-02, META-03
    async fn value_chain_patterns_live(bench: Bench<Metadata>) { life::<v1::ValueChainPattern>(&bench).await }
    /// Proves: META-02, META-03
    async fn actors_live(bench: Bench<Metadata>) { life::<v1::Actor>(&bench).await }
    /// Proves: META-03, META-05
    async fn analytics_strategies_live(bench: Bench<Metadata>) { life::<v1::AnalyticsStrategy>(&bench).await }
    /// Proves: META-03, META-05
    async fn analytics_use_cases_live(bench: Bench<Metadata>) { life::<v1::AnalyticsUseCase>(&bench).await }
    /// Proves: META-03, META-05
    async fn data_sources_live(bench: Bench<Metadata>) { life::<v1::DataSource>(&bench).await }

    async fn an_update_names_what_was_read(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        let made = create_actor(&mut client, actor("a")).await.unwrap();
        let actor = v1::Actor { id: made.id, name: "B".to_owned(), ..Default::default() };
        let error = refused(v1::Actor::update(&mut client, actor, mask(&["name"])).await);
        assert_eq!(violations(&error), [("actor.etag", "REQUIRED")]);
    }

    async fn a_mask_is_no_deeper_than_a_document(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let ratio = metric(&mut client, "loss_ratio").await;
        let deep = format!("ratio{}", ".a".repeat(20_000));
        let many = vec!["name"; 101];
        for paths in [&[deep.as_str()] as &[&str], &["ratio.a.b.c.d"], &many] {
            let error = refused(update_metric(&mut client, ratio.clone(), paths).await);
            assert_eq!((error.reason(), error.kind()), ("INVALID_FIELD_MASK", error::Kind::InvalidArgument));
            let path = &paths[0][..paths[0].len().min(50)];
            assert!(error.message().contains(path), "{}", error.message());
        }
        assert_eq!(metric(&mut client, "loss_ratio").await, ratio, "the service lives, and nothing has changed");
    }

    async fn an_empty_mask_is_none(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        let described = v1::Actor { description: "stays".to_owned(), ..actor("a") };
        let mut known = create_actor(&mut client, described).await.unwrap();
        for (number, update_mask) in [None, Some(mask(&[])), Some(mask(&[""]))].into_iter().enumerate() {
            let name = format!("name {number}");
            let actor = v1::Actor {
                id: known.id.clone(),
                etag: known.etag.clone(),
                name: name.clone(),
                ..Default::default()
            };
            let ask = v1::UpdateActorRequest { actor: Some(actor), update_mask };
            known = client.update_actor(ask).await.unwrap().into_inner();
            assert_eq!((known.name.as_str(), known.description.as_str()), (name.as_str(), "stays"));
        }
    }

    async fn of_two_updates_at_once_one_wins(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        let made = create_actor(&mut client, actor("a")).await.unwrap();
        let mut races = tokio::task::JoinSet::new();
        for number in 0..8 {
            let (mut client, mut actor) = (client.clone(), made.clone());
            actor.name = format!("name {number}");
            races.spawn(async move { v1::Actor::update(&mut client, actor, mask(&["name"])).await });
        }
        let outcomes = races.join_all().await;
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 7));
        for outcome in lost {
            assert_eq!(refused(outcome).reason(), "ETAG_MISMATCH");
        }
    }

    async fn sql_in_text_is_text(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        let evil = "'; DROP TABLE definitions; -- \" \\ %_ $1 ?1 /* \u{1F980} */ {}";
        let actor = v1::Actor {
            name: evil.to_owned(),
            description: evil.to_owned(),
            owner: evil.to_owned(),
            responsibilities: vec![evil.to_owned()],
            ..actor("evil")
        };
        let made = create_actor(&mut client, actor.clone()).await.unwrap();
        assert_eq!(made.state(), v1::State::Active, "where nothing is said");
        assert_eq!(v1::Actor::get(&mut client, &made.id, "").await.unwrap().plain(), v1::Actor {
            state: v1::State::Active as i32,
            ..actor
        });
        let filter = v1::DefinitionFilter { text: evil.to_owned(), ..Default::default() };
        assert_eq!(v1::Actor::list(&mut client, filter).await.unwrap().len(), 1);
        for text in ["%", "_____________________________________________________________________x", "' OR '1'='1"] {
            let filter = v1::DefinitionFilter { text: text.to_owned(), ..Default::default() };
            let found = v1::Actor::list(&mut client, filter).await.unwrap().len();
            assert_eq!(found, usize::from(text == "%"), "{text}");
        }
        for (text, reason) in [("a\u{7}b", Some("CONTROL_CHARACTER")), ("a\0b", None)] {
            let hidden = v1::Actor { description: text.to_owned(), ..super::actor("hidden") };
            let error = refused(create_actor(&mut client, hidden).await);
            let [(field, why)] = violations(&error)[..] else { panic!("{error:?}") };
            assert_eq!((field, reason.unwrap_or(why)), ("actor.description", why));
        }
    }
}
