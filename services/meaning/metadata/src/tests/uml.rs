//! Diagrams: both formats, narrowed to a module, and always of what there is now.

use super::*;

async fn uml(client: &mut Client, ask: v1::GetUmlRequest) -> v1::GetUmlResponse {
    client.get_uml(ask).await.unwrap().into_inner()
}

testkit::both! {
    /// Proves: META-14
    async fn diagrams_show_what_there_is_now(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let ask = v1::GetUmlRequest::default;
        let both = uml(&mut client, ask()).await;
        let graph = both.graph.unwrap();
        assert!(both.plantuml.starts_with("@startuml\n") && both.plantuml.ends_with("@enduml\n"));
        assert!(both.plantuml.contains("entity__policy \"*\" -- \"1\" entity__member : is held by\n"));
        assert!(both.plantuml.contains("    {field} monthly_premium: decimal(12, 2)\n"));
        let policy = graph.nodes.iter().find(|node| node.id == "entity.policy").unwrap();
        assert_eq!((policy.label.as_str(), policy.group.as_str()), ("Policy", "retail_health.retention"));
        let held = graph.links.iter().find(|link| link.label == "is held by").unwrap();
        assert_eq!((held.source.as_str(), held.target.as_str()), ("entity.policy", "entity.member"));
        assert_eq!((held.r#type.as_str(), held.cardinality.as_str()), ("relationship", "many_to_one"));

        create_actor(&mut client, actor("newcomer")).await.unwrap();
        let now = uml(&mut client, ask()).await;
        assert!(now.plantuml.contains("class \"Actor newcomer\" as actor__newcomer <<actor>>"));
        assert_eq!(now.graph.unwrap().nodes.len(), graph.nodes.len() + 1);
        let mut policy = entity(&mut client, "policy").await;
        policy.name = "Contract".to_owned();
        update_entity(&mut client, policy, &["name"]).await.unwrap();
        assert!(uml(&mut client, ask()).await.plantuml.contains("class \"Contract\" as entity__policy"));
    }

    /// Proves: META-14
    async fn one_format_and_one_module_can_be_asked_for(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let ask = |format: &str, module: &str| v1::GetUmlRequest {
            format: format.to_owned(),
            value_chain: "retail_health".to_owned(),
            module: module.to_owned(),
        };
        let json = uml(&mut client, ask("json", "claims")).await;
        assert!(json.plantuml.is_empty());
        let graph = json.graph.unwrap();
        assert!(graph.nodes.iter().all(|node| node.group == "retail_health.claims"));
        assert!(graph.links.iter().any(|link| link.source == "metric.claims_paid" && link.target == "entity.claim"));
        assert!(uml(&mut client, ask("plantuml", "")).await.graph.is_none());
        let lost = v1::GetUmlRequest { value_chain: String::new(), ..ask("json", "claims") };
        assert_eq!(violations(&refused(client.get_uml(lost).await)), [("value_chain", "REQUIRED")]);
        assert_eq!(refused(client.get_uml(ask("png", "")).await).reason(), "INVALID_REQUEST");
        let mut stranger = Client::new(bench.stranger());
        assert!(uml(&mut stranger, v1::GetUmlRequest::default()).await.graph.unwrap().nodes.is_empty());
    }
}
