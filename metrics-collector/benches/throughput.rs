//! How many reports a second the store takes, and how many lines a second a parser reads.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use metrics_collector::{Parser, Position, Report, SqliteStore, Store, TrialKey};
use proto::kinds::MetricsCollectorSpec;

/// Reports of one call.
const BATCH: u64 = 1_000;
/// Callers that append at once.
const CALLERS: u64 = 10;

fn reports(first: u64) -> Vec<Report> {
    let report = |offset| Report {
        metric: "accuracy".into(),
        value: "0.987654".into(),
        time: Timestamp::UNIX_EPOCH,
        step: Some(1),
        position: Some(Position { source: "pod/main/0".into(), offset }),
    };
    (first..first + BATCH).map(report).collect()
}

fn store(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("observations.db");
    let store = runtime.block_on(SqliteStore::open(&path)).expect("the store opens");
    let keys: Vec<_> = (0..CALLERS)
        .map(|at| TrialKey { namespace: "default".into(), trial: format!("trial-{at}") })
        .collect();
    let mut first = 0;
    let mut group = criterion.benchmark_group("sqlite");
    group.throughput(Throughput::Elements(BATCH * CALLERS)).sample_size(20);
    group.bench_function("append, 10 callers, 1000 reports each", |bencher| {
        bencher.iter_batched(
            || {
                first += BATCH;
                reports(first)
            },
            |reports| {
                let calls = keys.iter().map(|key| store.append(key, &reports));
                runtime
                    .block_on(futures::future::try_join_all(calls))
                    .expect("the store takes them")
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn parse(criterion: &mut Criterion) {
    let parser = Parser::new(&MetricsCollectorSpec::default(), &["accuracy".to_owned()])
        .unwrap_or_else(|errors| panic!("the default spec is valid: {errors:?}"));
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Elements(1));
    for (name, line) in [
        ("text", "epoch=3 loss=0.125 accuracy=0.9876"),
        ("json", r#"{"epoch": 3, "loss": 0.125, "accuracy": 0.9876}"#),
        ("nothing", "Downloading the data set: 37 of 100 files, please wait"),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| parser.line(black_box(line), Timestamp::UNIX_EPOCH, None));
        });
    }
    group.finish();
}

criterion_group!(benches, store, parse);
criterion_main!(benches);
