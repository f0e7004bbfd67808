//! Scenarios as they are told, and series.

use super::*;

async fn series(client: &mut Client, spec: v1::SeriesSpec) -> Result<Vec<v1::SeriesPoint>, Status> {
    let ask = v1::GenerateSeriesRequest { spec: Some(spec) };
    Ok(client.generate_series(ask).await?.into_inner().points)
}

fn spec() -> v1::SeriesSpec {
    v1::SeriesSpec {
        seed: 3,
        start_date: "2025-01-31".to_owned(),
        points: 24,
        step: v1::Step::Month as i32,
        base: 100.0,
        trend: 0.02,
        seasons: vec![v1::Season {
            period: 12,
            amplitude: 0.3,
            peak: 11.0,
        }],
        noise: 0.01,
        events: vec![v1::SeriesEvent {
            at: 5,
            steps: 1,
            factor: 2.0,
            name: "fair".to_owned(),
        }],
        ..Default::default()
    }
}

testkit::both! {
    /// Proves: SCN-28
    async fn scenarios_are_told_with_what_can_be_chosen(world: World) {
        let mut client = world.admin();
        let ask = v1::ListScenariosRequest { page_size: 3, ..Default::default() };
        let first = client.list_scenarios(ask).await.unwrap().into_inner();
        let ask = v1::ListScenariosRequest { page_size: 3, page_token: first.next_page_token };
        let rest = client.list_scenarios(ask).await.unwrap().into_inner();
        let codes: Vec<_> = first.scenarios.iter().chain(&rest.scenarios).map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["churn_spike", "health_retention", "sales_growth", "seasonal_peak"]);
        assert_eq!(rest.next_page_token, "");

        let ask = v1::GetScenarioRequest { code: "health_retention".to_owned() };
        let retention = client.get_scenario(ask).await.unwrap().into_inner();
        assert_eq!(retention.entities, ["policy", "member"]);
        assert!(retention.metrics.contains(&"retention_rate".to_owned()));
        assert!(retention.ontology.contains("(end - new) / start"));
        let start = &retention.parameters[0];
        assert_eq!((start.name.as_str(), start.default_value.as_str(), start.r#type.as_str()), ("start_count", "1000", "integer"));
        assert_eq!((start.min_value.as_str(), start.max_value.as_str()), ("0", "5000000"));
        assert_eq!((retention.default_step(), retention.default_steps), (v1::Step::Month, 1));
        assert!(first.scenarios[0].parameters.iter().any(|one| one.allowed_values.contains(&"North".to_owned())));

        let ask = v1::GetScenarioRequest { code: "nothing".to_owned() };
        assert_eq!(refused(client.get_scenario(ask).await).reason(), "NOT_FOUND");
    }

    /// Proves: SIM-03
    async fn a_series_has_its_parts(world: World) {
        let mut client = world.admin();
        let points = series(&mut client, spec()).await.unwrap();
        assert_eq!(points.len(), 24);
        assert_eq!(points[1].date, "2025-02-28");
        assert_eq!(points[2].date, "2025-03-31");
        for point in &points {
            assert_eq!(point.value, point.trend * point.season * point.event * point.noise);
        }
        assert_eq!((points[4].event, points[5].event, points[6].event), (1.0, 2.0, 1.0));
        assert_eq!(points[3].season.to_bits(), points[15].season.to_bits());
        assert_eq!(points, series(&mut client, spec()).await.unwrap());

        let wrong = v1::SeriesSpec { start_date: "2025-02-30".to_owned(), ..spec() };
        assert_eq!(refused(series(&mut client, wrong).await).violations()[0].field, "spec.start_date");
        let endless = v1::SeriesSpec { trend: 1e15, points: 100, ..spec() };
        assert_eq!(refused(series(&mut client, endless).await).violations()[0].field, "spec.trend");
        let nothing = v1::SeriesSpec { base: f64::NAN, ..spec() };
        assert_eq!(refused(series(&mut client, nothing).await).violations()[0].field, "spec.base");
        let few = v1::SeriesSpec { points: 0, ..spec() };
        assert_eq!(refused(series(&mut client, few).await).violations()[0].field, "spec.points");
    }
}
