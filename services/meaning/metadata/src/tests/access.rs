//! Every method of the contract: without a token, without the permission, and with it.

use super::*;
use proto::{Method, check::Checked, method::Visibility};
use std::str::FromStr;
use tonic::{Code, Request, client::Grpc, codegen::http::uri::PathAndQuery};

fn methods() -> impl Iterator<Item = &'static Method> {
    proto_meaning::CONTRACTS
        .methods
        .iter()
        // Who calls the internal ones is told in `resolve`.
        .filter(|method| method.service == "metadata" && method.visibility == Visibility::User)
}

/// Calls a method with an empty message.
async fn call(channel: Channel, method: &Method) -> Code {
    let mut grpc = Grpc::new(channel);
    let path = PathAndQuery::from_str(method.path).unwrap();
    grpc.ready().await.unwrap();
    let outcome = grpc
        .unary::<(), (), _>(Request::new(()), path, Checked::default())
        .await;
    outcome.map_or_else(|status| status.code(), |_| Code::Ok)
}

/// The outcome is that the caller lacks this permission, and says so.
fn lacks<T: std::fmt::Debug>(outcome: Result<T, Status>, permission: &str) {
    let error = refused(outcome);
    assert_eq!(error.reason(), "PERMISSION_DENIED");
    assert!(error.message().contains(permission), "{error:?}");
}

/// The permissions of the model are those of the contract.
#[test]
fn every_kind_has_its_permissions_in_the_contract() {
    for kind in crate::model::Kind::ALL {
        for permission in [kind.read_permission(), kind.write_permission()] {
            assert!(
                methods().any(|method| method.permission == permission),
                "{permission}"
            );
        }
    }
}

testkit::both! {
    async fn every_method_needs_its_permission(bench: Bench<Metadata>) {
        assert!(methods().count() > 70);
        for method in methods() {
            assert_eq!(call(bench.anonymous(), method).await, Code::Unauthenticated, "{}", method.path);
        }
        let others = bench.with_permissions(&["governance.*", "metadata.unicorns.*"]);
        for method in methods() {
            assert_eq!(call(others.clone(), method).await, Code::PermissionDenied, "{}", method.path);
        }
        for method in methods() {
            let code = call(bench.with_permissions(&[method.permission]), method).await;
            assert!(matches!(code, Code::Ok | Code::InvalidArgument), "{}: {code:?}", method.path);
        }
    }

    async fn who_may_read_may_not_write(bench: Bench<Metadata>) {
        let reader = bench.with_permissions(&["metadata.*.read", "*.read"]);
        for method in methods() {
            let denied = call(reader.clone(), method).await == Code::PermissionDenied;
            assert_eq!(denied, method.permission.ends_with(".write"), "{}", method.path);
        }
    }

    async fn an_import_needs_what_each_kind_needs(bench: Bench<Metadata>) {
        let mut entities = Client::new(bench.with_permissions(&["metadata.ontology.*", "metadata.entities.*"]));
        let yaml = "ontology: tessera/v1\nentities:\n  - { code: thing, name: Thing, kind: dimension, attributes: [{ code: id, type: uuid }] }\n";
        import(&mut entities, yaml).await.expect("entities may be written");
        let more = format!("{yaml}metrics:\n  - {{ code: things, name: Things, type: simple, formula: count(thing.id), entities: [thing] }}\n");
        for dry_run in [false, true] {
            let ask = v1::ImportOntologyRequest { yaml: more.clone(), dry_run, ..Default::default() };
            lacks(entities.import_ontology(ask).await, "metadata.metrics.write");
        }
        let mut admin = Client::new(bench.admin());
        import(&mut admin, &more).await.unwrap();
        let things = metric(&mut admin, "things").await;
        let renamed = v1::Metric { name: "Others".to_owned(), ..things.clone() };
        update_metric(&mut admin, renamed, &["name"]).await.unwrap();
        let ask = v1::RestoreVersionRequest { id: things.id.clone(), version: 1, etag: "v2".to_owned() };
        lacks(entities.restore_version(ask.clone()).await, "metadata.metrics.write");
        let mut reader = Client::new(bench.with_permissions(&["metadata.ontology.*", "metadata.metrics.read"]));
        lacks(reader.restore_version(ask.clone()).await, "metadata.metrics.write");
        assert_eq!(metric(&mut admin, "things").await.name, "Others", "nothing is restored");
        let mut writer = Client::new(bench.with_permissions(&["metadata.ontology.*", "metadata.metrics.write"]));
        writer.restore_version(ask).await.unwrap();
    }

    async fn the_ontology_shows_what_each_kind_shows(bench: Bench<Metadata>) {
        let mut admin = with_sample(&bench).await;
        let claim = entity(&mut admin, "claim").await;
        let ratio = metric(&mut admin, "loss_ratio").await;
        let mut entities = Client::new(bench.with_permissions(&["metadata.ontology.read", "metadata.entities.read"]));

        let yaml = export(&mut entities).await;
        assert!(yaml.contains("\nentities:") && !yaml.contains("\nmetrics:") && !yaml.contains("loss_ratio"), "{yaml}");
        let kinds = vec![v1::DefinitionKind::Entity as i32, v1::DefinitionKind::Metric as i32];
        let ask = v1::ExportOntologyRequest { kinds: kinds.clone() };
        lacks(entities.export_ontology(ask).await, "metadata.metrics.read");
        let ask = v1::ListDefinitionsRequest { kinds, ..Default::default() };
        lacks(entities.list_definitions(ask).await, "metadata.metrics.read");
        let ask = v1::ListDefinitionsRequest::default();
        let listed = entities.list_definitions(ask.clone()).await.unwrap().into_inner().definitions;
        let is_entity = |one: &v1::Definition| matches!(one.definition, Some(v1::definition::Definition::Entity(_)));
        assert!(!listed.is_empty() && listed.iter().all(is_entity));
        let graph = entities.get_uml(v1::GetUmlRequest::default()).await.unwrap().into_inner().graph.unwrap();
        assert!(!graph.nodes.is_empty() && graph.nodes.iter().all(|node| node.id.starts_with("entity.")));
        let check = entities.check_consistency(v1::CheckConsistencyRequest {}).await.unwrap().into_inner();
        assert_eq!(check.checked, i64::try_from(listed.len()).unwrap());

        let id = || ratio.id.clone();
        let reason = "metadata.metrics.read";
        lacks(entities.list_versions(v1::ListVersionsRequest { id: id(), ..Default::default() }).await, reason);
        lacks(entities.get_version(v1::GetVersionRequest { id: id(), version: 1 }).await, reason);
        lacks(entities.diff_versions(v1::DiffVersionsRequest { id: id(), ..Default::default() }).await, reason);
        lacks(entities.list_references(v1::ListReferencesRequest { id: id(), ..Default::default() }).await, reason);
        lacks(entities.list_dependents(v1::ListDependentsRequest { id: id(), ..Default::default() }).await, reason);
        let ask = v1::ListDependentsRequest { id: claim.id.clone(), ..Default::default() };
        let seen = entities.list_dependents(ask.clone()).await.unwrap().into_inner().references;
        assert!(seen.is_empty(), "relationships, metrics and others refer to it: {seen:?}");
        let mut metrics = Client::new(bench.with_permissions(&["metadata.ontology.read", "metadata.entities.read", "metadata.metrics.read"]));
        let seen = metrics.list_dependents(ask).await.unwrap().into_inner().references;
        let seen: Vec<_> = seen.iter().map(|one| one.from.as_ref().unwrap().code.as_str()).collect();
        assert!(seen.contains(&"claims_paid") && !seen.contains(&"claim_by_member"), "{seen:?}");
        entities.get_version(v1::GetVersionRequest { id: claim.id, version: 1 }).await.expect("entities may be read");

        let mut nothing = Client::new(bench.with_permissions(&["metadata.ontology.read"]));
        assert_eq!(export(&mut nothing).await, "ontology: tessera/v1\n");
        assert!(nothing.list_definitions(v1::ListDefinitionsRequest::default()).await.unwrap().into_inner().definitions.is_empty());
        let graph = nothing.get_uml(v1::GetUmlRequest::default()).await.unwrap().into_inner().graph.unwrap();
        assert!(graph.nodes.is_empty());
    }
}
