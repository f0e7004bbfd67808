//! The text of formulas: what parses, how it prints, what is refused and where.

use crate::{Binary, Code, Expr, Node, Number, Span, Unary, hash, parse, print};
use proptest::prelude::*;

fn printed(source: &str) -> String {
    print(&parse(source).unwrap_or_else(|problems| panic!("{source}: {problems}")))
}

fn refused(source: &str) -> Vec<(Code, u32, u32)> {
    let problems = parse(source).expect_err(source);
    let place = |p: &crate::Problem| (p.code, p.position.line, p.position.column);
    problems.as_slice().iter().map(place).collect()
}

#[test]
fn precedence_is_that_of_sql() {
    for (source, expected) in [
        ("1+2*3-4/5", "1 + 2 * 3 - 4 / 5"),
        ("(1+2)*3", "(1 + 2) * 3"),
        ("a-(b-c)", "a - (b - c)"),
        ("(a-b)-c", "a - b - c"),
        ("not a=1 and b or c", "not a = 1 and b or c"),
        ("not(a and b)", "not (a and b)"),
        ("-a*b", "-a * b"),
        ("-(-a)", "-(-a)"),
        ("a - -b", "a - -b"),
        ("a BETWEEN 1 AND 2 AND c", "a between 1 and 2 and c"),
        ("x not in ('a', \"it's\")", "x not in ('a', 'it''s')"),
        ("x is not null", "x is not null"),
        (
            "Sum(claim.paid where claim.status='x')",
            "sum(claim.paid where claim.status = 'x')",
        ),
        ("(end - new) / start -- as written", "(end - new) / start"),
        ("1 - ((start - end) / start)", "1 - (start - end) / start"),
        (
            "start(policy)+policy.end+case.when",
            "start(policy) + policy.end + case.when",
        ),
        ("if(a>0,a)", "case when a > 0 then a end"),
        (
            "case when a then end else new end",
            "case when a then end else new end",
        ),
        ("date '2025-01-31'", "date '2025-01-31'"),
        ("date(claim.filed_at)", "date(claim.filed_at)"),
        ("count(*)", "count(*)"),
        ("count( * WHERE a.b)", "count(* where a.b)"),
    ] {
        assert_eq!(printed(source), expected, "{source}");
    }
}

#[test]
fn errors_point_at_the_character() {
    assert_eq!(
        refused("1 +\n  * 2 $"),
        [(Code::Syntax, 2, 3), (Code::Syntax, 2, 7)]
    );
    assert_eq!(refused("sum(a.b"), [(Code::Syntax, 1, 8)]);
    assert_eq!(refused("a < b < c"), [(Code::Syntax, 1, 7)]);
    assert_eq!(refused(""), [(Code::Syntax, 1, 1)]);
    assert_eq!(refused("date '2025-02-30'"), [(Code::BadDate, 1, 1)]);
    assert_eq!(
        refused("sum(1 + ) + max(a.b c) + @"),
        [
            (Code::Syntax, 1, 9),
            (Code::Syntax, 1, 21),
            (Code::Syntax, 1, 26),
            (Code::Syntax, 1, 27)
        ],
    );
    assert_eq!(refused("(end -*)"), [(Code::Syntax, 1, 7)]);
    assert_eq!(refused("(*)"), [(Code::Syntax, 1, 2)]);
    assert_eq!(refused("1; drop table x"), [(Code::Syntax, 1, 2)]);
    let problems = parse("a b").unwrap_err();
    let violation = &problems.violations("metric.formula")[0];
    assert_eq!(
        (violation.field.as_str(), violation.reason.as_str()),
        ("metric.formula", "FORMULA_SYNTAX")
    );
    assert!(
        violation.description.starts_with("line 1, column 3: "),
        "{}",
        violation.description
    );
}

#[test]
fn what_is_too_large_is_refused_and_nothing_overflows() {
    let chain = vec!["1"; 10_000].join(" + ");
    assert_eq!(refused(&chain)[0].0, Code::TooDeep);
    for deep in [
        "(".repeat(50_000),
        "- ".repeat(40_000),
        "not ".repeat(20_000),
        "sum(".repeat(20_000),
        "case when ".repeat(9_000),
    ] {
        assert_eq!(refused(&deep)[0].0, Code::TooDeep, "{}", &deep[..10]);
    }
    let wide = format!("x in ({})", vec!["1"; 20_000].join(","));
    assert_eq!(refused(&wide)[0].0, Code::TooManyTerms);
    assert_eq!(refused(&" ".repeat(100_001))[0].0, Code::TooLong);
    assert_eq!(refused(&"9".repeat(40))[0].0, Code::BadNumber);
}

/// The deepest formulas go through every step on a small stack.
#[test]
fn the_deepest_formula_fits_a_small_stack() {
    let work = || {
        let nested = format!(
            "{}1{}",
            "abs(".repeat(crate::MAX_DEPTH - 2),
            ")".repeat(crate::MAX_DEPTH - 2)
        );
        let chain = vec!["a"; crate::MAX_DEPTH].join(" or ");
        for source in [nested, chain] {
            let expr = parse(&source).unwrap();
            assert_eq!(parse(&print(&expr)).unwrap(), expr);
            hash(&expr);
        }
    };
    let small = std::thread::Builder::new().stack_size(1 << 20);
    small.spawn(work).unwrap().join().unwrap();
}

fn node(node: Node) -> Expr {
    Expr::new(Span::default(), node)
}

fn boxed(expr: Expr) -> Box<Expr> {
    Box::new(expr)
}

/// Any tree the parser can make.
pub(super) fn trees() -> impl Strategy<Value = Expr> {
    let name = prop_oneof![
        "[a-z][a-z0-9_]{0,6}x",
        Just("end".to_owned()),
        Just("start".to_owned())
    ];
    let leaf = prop_oneof![
        (0..i64::MAX, 0_u8..6).prop_map(|(digits, scale)| Node::Number(Number {
            digits: digits.into(),
            scale
        })),
        ".{0,8}".prop_map(Node::Text),
        (-700_000..2_000_000_i32).prop_map(Node::Date),
        (-6_000_000_000_000_000..60_000_000_000_000_000_i64).prop_map(Node::Timestamp),
        any::<bool>().prop_map(Node::Boolean),
        Just(Node::Null),
        name.clone().prop_map(Node::Name),
        (name.clone(), "[a-z]{1,6}")
            .prop_map(|(entity, attribute)| Node::Path { entity, attribute }),
    ];
    leaf.prop_map(node).prop_recursive(6, 60, 4, move |inner| {
        let pair = (inner.clone(), inner.clone());
        let list = proptest::collection::vec(inner.clone(), 1..4);
        let function = prop_oneof![
            Just("sum".to_owned()),
            Just("end".to_owned()),
            "[a-h]{1,5}x"
        ];
        prop_oneof![
            (0..Binary::ALL.len(), pair.clone()).prop_map(|(op, (l, r))| Node::Binary(
                Binary::ALL[op],
                boxed(l),
                boxed(r)
            )),
            (any::<bool>(), inner.clone()).prop_map(|(minus, x)| Node::Unary(
                if minus { Unary::Minus } else { Unary::Not },
                boxed(x)
            )),
            (inner.clone(), list.clone(), any::<bool>()).prop_map(|(x, list, negated)| Node::In {
                value: boxed(x),
                list,
                negated
            }),
            (inner.clone(), pair.clone(), any::<bool>()).prop_map(|(x, (l, h), negated)| {
                Node::Between {
                    value: boxed(x),
                    low: boxed(l),
                    high: boxed(h),
                    negated,
                }
            }),
            (inner.clone(), any::<bool>()).prop_map(|(x, negated)| Node::IsNull {
                value: boxed(x),
                negated
            }),
            (
                proptest::collection::vec(pair, 1..3),
                proptest::option::of(inner.clone())
            )
                .prop_map(|(arms, other)| Node::Case {
                    arms,
                    otherwise: other.map(Box::new)
                }),
            (function, list, proptest::option::of(inner)).prop_map(
                |(function, arguments, filter)| Node::Call {
                    function,
                    arguments,
                    filter: filter.map(Box::new)
                }
            ),
        ]
        .prop_map(node)
    })
}

/// The same tree with the operands of commutative operators swapped where `flips` says so.
fn flipped(expr: &Expr, flips: &mut impl Iterator<Item = bool>) -> Expr {
    let mut out = expr.clone();
    match &mut out.node {
        Node::Binary(operator, left, right) => {
            (*left, *right) = (boxed(flipped(left, flips)), boxed(flipped(right, flips)));
            let commutes = matches!(
                operator,
                Binary::Add
                    | Binary::Multiply
                    | Binary::And
                    | Binary::Or
                    | Binary::Equal
                    | Binary::NotEqual
            );
            if commutes && flips.next() == Some(true) {
                std::mem::swap(left, right);
            }
        }
        Node::Unary(_, operand) => *operand = boxed(flipped(operand, flips)),
        Node::Call {
            arguments, filter, ..
        } => {
            arguments.iter_mut().for_each(|x| *x = flipped(x, flips));
            if let Some(filter) = filter {
                *filter = boxed(flipped(filter, flips));
            }
        }
        _ => {}
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_printed_reads_back_as_the_same(tree in trees()) {
        let text = print(&tree);
        let again = parse(&text).map_err(|problems| TestCaseError::fail(format!("{text}: {problems}")))?;
        prop_assert_eq!(&again, &tree, "{}", text);
        prop_assert_eq!(print(&again), text);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_sequence_of_tokens_panics(words in proptest::collection::vec(prop_oneof![
        Just("("), Just(")"), Just(","), Just("case"), Just("when"), Just("then"), Just("end"), Just("else"), Just("not"), Just("in"),
        Just("between"), Just("and"), Just("is"), Just("null"), Just("+"), Just("-"), Just("."), Just("a"), Just("'x'"), Just("1"),
        Just("sum("), Just("where"), Just("date"), Just("if("), Just("*"), Just("<"), Just("ä"), Just("'"),
    ], 0..40)) {
        let text = words.join(" ");
        if let Ok(tree) = parse(&text) {
            prop_assert_eq!(parse(&print(&tree)).unwrap(), tree);
        }
    }

    #[test]
    fn the_hash_does_not_see_white_space_and_order(tree in trees(), flips in proptest::collection::vec(any::<bool>(), 0..40), pad in "[ \t\n]{1,3}") {
        let other = flipped(&tree, &mut flips.into_iter());
        prop_assert_eq!(hash(&tree), hash(&other), "{} / {}", print(&tree), print(&other));
        if !print(&tree).contains('\'') {
            let spaced = print(&tree).replace(' ', &pad);
            prop_assert_eq!(hash(&parse(&spaced).unwrap()), hash(&tree));
        }
    }
}
