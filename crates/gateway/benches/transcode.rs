//! JSON to wire and back by the tables, beside parsing the same JSON into a `serde_json::Value`.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gateway::transcode::{Transcoder, Way};
use prost_reflect::DescriptorPool;

/// About 1 KiB: nested, a list of messages, maps, a oneof, times, bytes, wrappers, numbers.
const SAMPLE: &str = r#"{"double":12.25,"float":0.5,"int32":-7,"int64":"9007199254740993","uint64":"18446744073709551615","bool":true,
"string":"a name that is shown to people, long enough to be copied in blocks","bytes":"AAECAwQFBgcICQoLDA0ODw==","state":"STATE_ACTIVE",
"inner":{"string":"nested","maybe":0,"texts":["one","two","three"]},"part":{"sku":"ABC-1","quantity":"12"},"numbers":[1,2,3,40,500,6000],
"texts":["alpha","beta","gamma","delta"],"parts":[{"sku":"A-1","quantity":"1"},{"sku":"B-2","quantity":"22"},{"sku":"C-3","quantity":"333"},
{"sku":"D-4","quantity":"4444"}],"labels":{"team":"core","tier":"gold","zone":"eu-1"},"slots":{"1":{"sku":"S-1"},"2":{"sku":"S-2"}},
"time":"2026-01-31T12:00:00.250Z","span":"90.500s","mask":"displayName,parts.sku","stringValue":"wrapped","int64Value":"77",
"snakeCaseName":"the last one, with an escape: \" and \n"}"#;

fn transcoder() -> Transcoder {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut compiler = protox::Compiler::new([
        format!("{root}/src/testdata"),
        format!("{root}/../../proto"),
    ])
    .expect("the folders exist");
    compiler
        .include_imports(true)
        .open_file("things.proto")
        .expect("the contract compiles");
    let pool = DescriptorPool::decode(&compiler.encode_file_descriptor_set()[..])
        .expect("sound descriptors");
    Transcoder::new(pool, 64, false)
}

fn transcode(c: &mut Criterion) {
    let (tables, dynamic) = (transcoder(), transcoder().with_way(Way::Dynamic));
    let id = tables
        .tables()
        .id("tessera.things.v1.Everything")
        .expect("the contract has it");
    let mut wire = Vec::new();
    tables
        .decode(id, None, SAMPLE.as_bytes(), &mut wire)
        .expect("a sound sample");
    let mut group = c.benchmark_group("transcode");
    group.throughput(Throughput::Bytes(SAMPLE.len() as u64));
    group.bench_function("json to value, serde_json", |b| {
        b.iter(|| serde_json::from_str::<serde_json::Value>(black_box(SAMPLE)).expect("JSON"));
    });
    for (name, way) in [("tables", &tables), ("dynamic", &dynamic)] {
        group.bench_function(format!("json to wire, {name}"), |b| {
            let mut out = Vec::new();
            b.iter(|| {
                out.clear();
                way.decode(id, None, black_box(SAMPLE.as_bytes()), &mut out)
                    .expect("a sound sample");
            });
        });
        group.bench_function(format!("wire to json, {name}"), |b| {
            let mut out = Vec::new();
            b.iter(|| {
                out.clear();
                way.encode(id, None, black_box(&wire), &mut out)
                    .expect("a sound message");
            });
        });
    }
    group.finish();
}

criterion_group!(benches, transcode);
criterion_main!(benches);
