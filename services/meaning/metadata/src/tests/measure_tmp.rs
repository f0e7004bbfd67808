//! Temporary.
use super::*;
testkit::both! {
    async fn measure(bench: Bench<Metadata>) {
        let mut out = String::new();
        let mut client = Client::new(bench.admin());
        for n in [2_500usize, 4_998] {
            let mut yaml = "ontology: tessera/v1\nmetrics:\n".to_owned();
            for i in 0..n {
                let refs = if i + 1 == n { "[base]".to_owned() } else { format!("[x{n}_{}]", i + 1) };
                yaml += &format!("  - {{ code: x{n}_{i}, name: M{i}, type: derived, formula: \"1\", metrics: {refs} }}\n");
            }
            yaml += "  - { code: base, name: Base, type: simple, formula: count(thing.id), entities: [thing] }\nentities:\n  - { code: thing, name: Thing, kind: dimension, attributes: [{ code: id, type: uuid }] }\n";
            let t = std::time::Instant::now();
            let items = crate::model::ontology::parse(&yaml).unwrap();
            let p = t.elapsed();
            let r = crate::convert::ontology::items(items);
            let q = t.elapsed();
            let c = crate::convert::ontology::circles(&r.0);
            let s = t.elapsed();
            out += &format!("n={n} bytes={} bad={} circles={} parse={p:?} items={q:?} circles={s:?}", yaml.len(), r.1.len(), c.len());
            let t = std::time::Instant::now();
            let done = import(&mut client, &yaml).await;
            out += &format!(" import={:?} ok={:?}", t.elapsed(), done.map(|d| d.results.len()).map_err(|e| e.message().to_owned()));
            let t = std::time::Instant::now();
            let done = client.check_consistency(v1::CheckConsistencyRequest {}).await;
            out += &format!(" check={:?} ok={:?}\n", t.elapsed(), done.map(|d| d.into_inner().findings.len()));
        }
        panic!("MEASURE\n{out}");
    }
}
