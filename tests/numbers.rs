//! Many metrics at once, who answers them, and the calendar that periods are cut by.

use crate::{
    business::{calculate, calculation, get, import, list, post, table, text, value, whole, write},
    platform::{Platform, stories},
};
use serde_json::json;

const TRADE: &str = r#"
ontology: tessera/v1
value_chains:
  - { code: trade, name: Trade, industry: retail, modules: [{ code: selling, name: Selling }] }
  - { code: care, name: Care, industry: retail, modules: [{ code: service, name: Service }] }
entities:
  - code: order_line
    name: Order line
    kind: event
    attributes:
      - { code: line_id, name: Number, type: string, primary_key: true }
      - { code: ordered_at, name: Ordered, type: timestamp, time_attribute: true }
      - { code: shop, name: Shop, type: string }
      - { code: amount, name: Amount, type: "decimal(12, 2)", unit: EUR }
  - code: visit
    name: Visit
    kind: event
    attributes:
      - { code: visit_id, name: Number, type: string, primary_key: true }
      - { code: day, name: Day, type: date, time_attribute: true }
      - { code: shop, name: Shop, type: string }
metrics:
  - { code: turnover, name: Turnover, type: simple, formula: sum(order_line.amount), entities: [order_line], unit: EUR, module: { value_chain: trade, module: selling } }
  - { code: visits, name: Visits, type: simple, formula: count(visit), entities: [visit], module: { value_chain: care, module: service } }
  - { code: per_visit, name: Turnover per visit, type: ratio, ratio: { numerator: turnover, denominator: visits }, metrics: [turnover, visits] }
  - { code: doubled, name: Doubled, type: derived, formula: 2 * turnover, metrics: [turnover], unit: EUR, module: { value_chain: trade, module: selling } }
"#;

async fn trade(platform: &Platform) {
    import(platform, TRADE).await;
    let line = |number: i64| {
        let day = number % 28 + 1;
        let shop = ["a", "b", "ü"][usize::try_from(number % 3).expect("small")];
        json!({
            "line_id": format!("l{number}"), "ordered_at": format!("2025-0{}-{day:02}T23:30:00Z", number % 3 + 1),
            "shop": shop, "amount": format!("{number}.25"),
        })
    };
    write(platform, "order_line", (0..30).map(line).collect()).await;
    let visit = |number: i64| json!({ "visit_id": format!("v{number}"), "day": format!("2025-01-{:02}", number + 1), "shop": "a" });
    write(platform, "visit", (0..7).map(visit).collect()).await;
}

stories! {
    /// Twenty questions in one call have the answers they have alone, and a wrong one spoils only itself.
    /// Proves: CALC-02
    async fn a_batch_answers_as_each_question_alone(platform: &Platform) {
        trade(platform).await;
        let metrics = ["turnover", "visits", "per_visit", "doubled"];
        let mut questions = Vec::new();
        for metric in metrics {
            questions.push(json!({ "metric": metric }));
            questions.push(json!({ "metric": metric, "dimensions": ["shop"] }));
            questions.push(json!({ "metric": metric, "start": "2025-01-01", "end": "2025-04-01", "grain": "GRAIN_MONTH" }));
            questions.push(json!({ "metric": metric, "where": "shop = 'a'" }));
        }
        questions.extend([
            json!({ "draft": { "formula": "sum(order_line.amount) / 3" } }),
            json!({ "metric": "nothing" }),
            json!({ "draft": { "formula": "sum(order_line.shop)" } }),
            json!({ "metric": "visits", "domain": "trade" }),
        ]);
        assert_eq!(questions.len(), 20);
        let batch = post(platform, "/api/v1/calculation/calculate:batch", json!({ "requests": questions })).await;
        let results = list(&batch["results"]);
        assert_eq!(results.len(), 20);
        for (question, result) in questions.iter().zip(results) {
            let (status, alone) = calculation(platform, &platform.token, question.clone()).await;
            if status == 200 {
                assert_eq!(table(&result["response"]), table(&alone), "{question}");
                assert!(!table(&alone).is_empty(), "{question}");
            } else {
                assert_eq!(result["error"]["message"], alone["message"], "{question}: {result} {alone}");
            }
        }
        let failed = results.iter().filter(|result| result.get("error").is_some()).count();
        assert_eq!(failed, 3, "{batch}");
    }

    /// A metric is answered for the value chain it belongs to by the handler of its kind, and says so.
    /// Proves: CALC-01, CALC-03
    async fn questions_are_routed_by_domain(platform: &Platform) {
        trade(platform).await;
        for (metric, domain, module, handler) in [
            ("turnover", "trade", "selling", "simple"), ("visits", "care", "service", "simple"),
            ("per_visit", "", "", "ratio"), ("doubled", "trade", "selling", "derived"),
        ] {
            let answer = calculate(platform, json!({ "metric": metric, "domain": domain, "explain": true })).await;
            let route = &answer["explanation"]["route"];
            let part = |name: &str| route[name].as_str().unwrap_or_default();
            assert_eq!((part("domain"), part("module"), part("handler")), (domain, module, handler), "{answer}");
        }
        for (metric, domain) in [("turnover", "care"), ("visits", "trade"), ("visits", "nowhere"), ("per_visit", "trade")] {
            let (status, refusal) = calculation(platform, &platform.token, json!({ "metric": metric, "domain": domain })).await;
            assert!((400..500).contains(&status), "{metric} {domain}: {refusal}");
            assert!(refusal.to_string().contains(domain), "{refusal}");
        }
    }

    /// The library is listed with what each function takes, and every function listed is one.
    /// Proves: CALC-04
    async fn the_library_is_what_formulas_may_call(platform: &Platform) {
        trade(platform).await;
        let library = get(platform, "/api/v1/calculation/functions").await;
        let names: Vec<String> = list(&library["functions"]).iter().map(|function| text(&function["name"])).collect();
        for name in ["sum", "avg", "last", "median", "start", "coalesce", "days_between"] {
            assert!(names.contains(&name.to_owned()), "{name}");
        }
        for function in list(&library["functions"]) {
            assert!(!text(&function["signature"]).is_empty() && !text(&function["description"]).is_empty(), "{function}");
        }
        let answer = calculate(platform, json!({ "draft": { "formula": "avg(order_line.amount)" } })).await;
        assert_eq!(value(&answer), "14.75");
        let aggregates = get(platform, "/api/v1/calculation/functions?level=FUNCTION_LEVEL_SET").await;
        assert_eq!(list(&aggregates["functions"]).len(), 5, "{aggregates}");
    }

    /// The database groups: what comes back are groups, however many rows there are.
    /// Proves: CALC-06
    async fn only_groups_leave_the_database(platform: &Platform) {
        trade(platform).await;
        let body = json!({ "metric": "turnover", "dimensions": ["shop"], "explain": true });
        let answer = calculate(platform, body).await;
        assert_eq!(table(&answer), [("a".into(), "137.5".into()), ("b".into(), "147.5".into()), ("ü".into(), "157.5".into())]);
        let [source] = list(&answer["explanation"]["sources"]) else { panic!("one source: {answer}") };
        assert_eq!((whole(&source["resultRows"]), whole(&source["rows"])), (3, 30), "{source}");
        let ratio = calculate(platform, json!({ "metric": "per_visit", "explain": true })).await;
        assert_eq!(list(&ratio["explanation"]["sources"]).len(), 2, "{ratio}");
        assert_eq!(ratio["rows"][0]["value"]["fraction"], "885/14", "{ratio}");
        assert_eq!(ratio["rows"][0]["value"]["exactness"], "EXACTNESS_ROUNDED", "{ratio}");
    }

    /// Days and months of Amsterdam, where an hour is missing in March and one is there twice in October.
    async fn periods_follow_the_clock_of_the_zone(platform: &Platform) {
        import(platform, TRADE).await;
        // Every half hour around both changes, and every hour of March 2024 and what its borders may touch.
        let mut moments = Vec::new();
        for (first, days) in [("2024-03-29T12:00:00Z", 5), ("2024-10-25T12:00:00Z", 5)] {
            let first: i64 = micros(first);
            moments.extend((0..days * 48).map(|step| first + step * 1_800_000_000));
        }
        let line = |(number, micros): (usize, &i64)| {
            json!({ "line_id": format!("l{number}"), "ordered_at": value::Time::from_micros(*micros).to_string(), "shop": "a", "amount": 1 })
        };
        write(platform, "order_line", moments.iter().enumerate().map(line).collect()).await;
        let days = async |start: &str, end: &str, zone: &str| {
            let body = json!({ "draft": { "formula": "count(order_line)" }, "start": start, "end": end, "grain": "GRAIN_DAY", "time_zone": zone });
            let answer = calculate(platform, body).await;
            table(&answer).into_iter().map(|row| row.1).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(days("2024-03-30", "2024-04-02", "Europe/Amsterdam").await, "48 46 48");
        assert_eq!(days("2024-10-26", "2024-10-29", "Europe/Amsterdam").await, "48 50 48");
        assert_eq!(days("2024-03-30", "2024-04-02", "").await, "48 48 48");
        assert_eq!(days("2024-03-30", "2024-04-02", "Asia/Kathmandu").await, "48 48 48");
        let months = json!({
            "draft": { "formula": "count(order_line)" }, "start": "2024-03-01", "end": "2024-05-01",
            "grain": "GRAIN_MONTH", "time_zone": "Europe/Amsterdam",
        });
        // From noon UTC of the 29th to midnight of April in Amsterdam, two hours before that of UTC.
        let march = calculate(platform, months).await;
        let march: Vec<_> = table(&march).into_iter().map(|row| row.1).collect();
        assert_eq!(march, ["116", "124"]);
    }

    /// Quarters and years begin with the month that the company's year begins with.
    async fn fiscal_years_are_cut_by_their_month(platform: &Platform) {
        import(platform, TRADE).await;
        let visit = |month: i64| json!({ "visit_id": format!("v{month}"), "day": format!("2024-{month:02}-15"), "shop": "a" });
        write(platform, "visit", (1..=12).map(visit).collect()).await;
        let cut = async |start: &str, end: &str, grain: &str, first: i64| {
            let body = json!({ "metric": "visits", "start": start, "end": end, "grain": grain, "fiscal_year_start": first });
            table(&calculate(platform, body).await)
        };
        let row = |start: &str, value: &str| (start.to_owned(), value.to_owned());
        assert_eq!(
            cut("2024-02-01", "2025-02-01", "GRAIN_QUARTER", 2).await,
            [row("2024-02-01", "3"), row("2024-05-01", "3"), row("2024-08-01", "3"), row("2024-11-01", "2")],
        );
        assert_eq!(cut("2023-04-01", "2025-04-01", "GRAIN_YEAR", 4).await, [row("2023-04-01", "3"), row("2024-04-01", "9")]);
        assert_eq!(cut("2024-01-01", "2025-01-01", "GRAIN_YEAR", 0).await, [row("2024-01-01", "12")]);
        let weeks = cut("2024-01-08", "2024-01-22", "GRAIN_WEEK", 0).await;
        assert_eq!(weeks, [row("2024-01-08", "0"), row("2024-01-15", "1")]);
        // A table of dates has no hours.
        let body = json!({ "metric": "visits", "start": "2024-01-01", "end": "2024-01-02", "grain": "GRAIN_HOUR" });
        let (status, refusal) = calculation(platform, &platform.token, body).await;
        assert_eq!(status, 400, "{refusal}");
    }
}

fn micros(text: &str) -> i64 {
    let time: value::Time = text.parse().expect("a time");
    time.micros()
}
