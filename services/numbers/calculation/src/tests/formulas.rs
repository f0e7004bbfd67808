//! The metric language through the API: its functions, and what formulas are.

use super::*;
use v1::FunctionLevel;

async fn check(rig: &Rig, formula: &str) -> v1::CheckFormulaResponse {
    let ask = v1::CheckFormulaRequest {
        draft: draft(formula).draft,
    };
    rig.client().check_formula(ask).await.unwrap().into_inner()
}

testkit::both! {
    /// The library is listed, by level and in pages; what is listed is what is calculated.
    ///
    /// Proves: CALC-04
    async fn functions_are_listed(rig: Rig) {
        let mut client = rig.client();
        let mut list = async |level: FunctionLevel, page_size, page_token: &str| {
            let ask = v1::ListFunctionsRequest { level: level.into(), page_size, page_token: page_token.to_owned() };
            client.list_functions(ask).await.map(tonic::Response::into_inner)
        };
        let all = list(FunctionLevel::Unspecified, 0, "").await.unwrap();
        let names: Vec<_> = all.functions.iter().map(|function| function.name.as_str()).collect();
        assert!(names.is_sorted() && all.next_page_token.is_empty());
        for name in ["sum", "avg", "last", "start", "retained", "if", "case", "coalesce"] {
            assert!(names.contains(&name), "{name}");
        }
        assert!(!names.iter().any(|name| name.starts_with("approx_")));
        let sets = list(FunctionLevel::Set, 3, "").await.unwrap();
        let found: Vec<_> = sets.functions.iter().map(|f| (f.name.as_str(), f.min_arguments, f.signature.as_str())).collect();
        assert_eq!(found[0], ("dropped", 1, "dropped(entity.member where condition)"));
        let rest = list(FunctionLevel::Set, 3, &sets.next_page_token).await.unwrap();
        assert_eq!(rest.functions.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["retained", "start"]);
        let other = list(FunctionLevel::Scalar, 3, &sets.next_page_token).await;
        assert_eq!(refused(other).reason(), "INVALID_PAGE_TOKEN");
        for function in all.functions.iter().filter(|f| f.level() == FunctionLevel::Aggregate) {
            let rest = if function.min_arguments == 2 { ", 0.5" } else { "" };
            let checked = check(&rig, &format!("{}(claim.hours{rest})", function.name)).await;
            assert!(checked.problems.is_empty(), "{}: {:?}", function.name, checked.problems);
        }
        assert_eq!(rig.insurer.calls(), 0);
    }

    /// A formula is told what it is without a row being read.
    async fn formulas_are_checked(rig: Rig) {
        let right = check(&rig, "sum( claim.amount where region = 'x' ) / premium").await;
        assert!(right.problems.is_empty());
        assert_eq!(right.canonical, "sum(claim.amount where 'x' = region) / premium");
        assert_eq!((right.kind.as_str(), right.unit.as_str(), right.r#type.as_str()), ("derived", "", "decimal(38, 18)"));
        assert_eq!((right.entities, right.metrics), (vec!["claim".to_owned(), "policy".to_owned()], vec!["premium".to_owned()]));
        assert_eq!(right.attributes, ["claim.amount", "claim.region", "policy.premium", "policy.status"]);
        assert_eq!(right.dimensions, ["region"]);
        let tree = right.tree.unwrap();
        assert_eq!((tree.label.as_str(), tree.operands[0].kind.as_str(), tree.operands[1].kind.as_str()), ("/", "measure", "metric"));
        assert_eq!(tree.operands[1].operands[0].label, "sum");
        let wrong = check(&rig, "sum(claim.amont) +\n maxx(claim.hours)").await;
        let found: Vec<_> = wrong.problems.iter().map(|p| (p.reason.as_str(), p.line, p.column, p.start, p.end, p.hint.as_str())).collect();
        assert_eq!(found, [
            ("FORMULA_UNKNOWN_ATTRIBUTE", 1, 5, 4, 15, "did you mean `amount`?"),
            ("FORMULA_UNKNOWN_FUNCTION", 2, 2, 20, 24, "did you mean `max`?"),
        ]);
        let unsupported = check(&rig, "claims_so_far").await;
        assert_eq!(unsupported.problems[0].reason, "METRIC_UNSUPPORTED");
        assert_eq!(rig.insurer.calls(), 0);
    }
}
