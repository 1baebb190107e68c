//! What the home's objects cost: durable creates by 16 writers, gets, and lists of 500.
//!
//! A create is acknowledged after its commit is on disk, so its rate depends on the disk's flush.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::future::join_all;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt};
use platform::cluster::{Cluster, Options};
use tokio::runtime::Runtime;

const WRITERS: u64 = 16;
const LISTED: u64 = 500;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// An object of about 1 KB.
fn map() -> ConfigMap {
    let name = format!("map-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let data = [("payload".to_owned(), "x".repeat(800))].into();
    let mut map = ConfigMap { data: Some(data), ..ConfigMap::default() };
    map.metadata.name = Some(name);
    map
}

async fn create_many(maps: &Api<ConfigMap>, count: u64) -> Duration {
    let started = Instant::now();
    let writers = (0..WRITERS).map(|writer| {
        let maps = maps.clone();
        let share = count / WRITERS + u64::from(writer < count % WRITERS);
        tokio::spawn(async move {
            for _ in 0..share {
                maps.create(&PostParams::default(), &map()).await.expect("a fresh name is free");
            }
        })
    });
    for done in join_all(writers).await {
        done.expect("a writer does not panic");
    }
    started.elapsed()
}

fn store(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime starts");
    let folder = tempfile::tempdir().expect("a scratch folder");
    let opened = runtime.block_on(Cluster::open(Options::at(folder.path())));
    let cluster = opened.expect("a fresh home opens");
    let _guard = runtime.enter();
    let client = cluster.client();
    let listed: Api<ConfigMap> = Api::namespaced(client.clone(), "kube-public");
    runtime.block_on(create_many(&listed, LISTED));
    let first = runtime.block_on(listed.list(&ListParams::default().limit(1)));
    let name = first.expect("a list answers").items[0].name_any();

    let mut group = criterion.benchmark_group("store");
    group.bench_function("get", |bench| {
        bench.iter(|| black_box(runtime.block_on(listed.get(&name)).expect("it is there")));
    });
    group.bench_function("list of 500", |bench| {
        bench.iter(|| black_box(runtime.block_on(listed.list(&ListParams::default()))));
    });
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    group.throughput(Throughput::Elements(1));
    group.bench_function("durable create, 16 clients", |bench| {
        bench.iter_custom(|count| runtime.block_on(create_many(&maps, count)));
    });
    group.finish();
    runtime.block_on(cluster.close());
}

criterion_group!(benches, store);
criterion_main!(benches);
