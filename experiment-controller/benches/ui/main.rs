//! How fast the dashboard answers, at 10,000 and 100,000 trials, and what open streams cost.
//!
//! `cargo bench -p experiment-controller --bench ui`; `-- --trials 100000` for the larger one.
//! Figures are of this process: the API over an in-process cluster, over real sockets.

#![allow(missing_docs)]

mod fill;

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use experiment_controller::ui::{Options, Ui};
use platform::cluster::{self, Cluster};
use serde_json::json;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// How often each call is asked.
const ROUNDS: usize = 200;
/// Streams that are held open, and how many changes a second they hear of.
const STREAMS: usize = 100;
const CHANGES: u32 = 20;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    // `cargo test` runs benches too, to see that they build.
    if !std::env::args().any(|it| it == "--bench") {
        return Ok(());
    }
    let wanted = std::env::args().skip_while(|it| it != "--trials").nth(1);
    let trials: usize = wanted.map_or(Ok(10_000), |it| it.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let home = tempfile::tempdir()?;
    let begun = Instant::now();
    let (cluster, address) = runtime.block_on(serve(home.path(), trials))?;
    println!("{trials} trials written in {:.1?}", begun.elapsed());

    let begun = Instant::now();
    get(address, "/api/v1/experiments")?;
    println!("first look at everything: {:.1?}", begun.elapsed());
    let one = "/api/v1/experiments/default/big";
    let paths = [
        "/api/v1/experiments".to_owned(),
        one.to_owned(),
        format!("{one}/trials?sort=metric:loss"),
        format!("{one}/trials?sort=parameter:lr&where=metric:loss=..0.2&offset=500"),
        format!("{one}/columns?limit=2000"),
        format!("{one}/columns"),
        format!("{one}/correlation"),
        format!("{one}/pareto"),
        "/api/v1/trials/default/big-000007".to_owned(),
        "/api/v1/cluster".to_owned(),
    ];
    for path in paths {
        let mut times = Vec::new();
        let mut size = 0;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            size = get(address, &path)?;
            times.push(begun.elapsed());
        }
        show(&path, size, &mut times);
    }
    for method in ["fanova", "ped-anova"] {
        let path = format!("{one}/importance?method={method}");
        let begun = Instant::now();
        get(address, &path)?;
        let first = begun.elapsed();
        let begun = Instant::now();
        get(address, &path)?;
        println!("{path}: first {first:.1?}, then {:.1?}", begun.elapsed());
    }
    streams(&runtime, &cluster, address, trials)
}

async fn serve(home: &std::path::Path, trials: usize) -> Outcome<(Cluster, SocketAddr)> {
    let cluster = Cluster::open(cluster::Options::at(home)).await?;
    fill::fill(&cluster, "default", "big", trials).await;
    let ui = Ui::new(Options {
        client: cluster.client(),
        store: None,
        hearing: None,
        home: true,
        namespace: "default".into(),
        hosts: Vec::new(),
        bearer: Some(TOKEN.into()),
        touched: Box::new(|| {}),
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(ui.serve(listener));
    Ok((cluster, address))
}

fn ask(address: SocketAddr, path: &str, close: &str) -> Outcome<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n{close}\r\n"
    )?;
    Ok(stream)
}

/// The size of an answer, head included.
fn get(address: SocketAddr, path: &str) -> Outcome<usize> {
    let mut answer = Vec::new();
    ask(address, path, "Connection: close\r\n")?.read_to_end(&mut answer)?;
    if answer.starts_with(b"HTTP/1.1 200") {
        return Ok(answer.len());
    }
    Err(String::from_utf8_lossy(&answer[..answer.len().min(400)]).into())
}

fn show(path: &str, size: usize, times: &mut [Duration]) {
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    let kilobytes = size / 1024;
    println!("{path} ({kilobytes} KiB): median {:.1?}, p99 {:.1?}", at(50), at(99));
}

/// What many open pages cost while trials change, and how late they hear of it.
fn streams(
    runtime: &tokio::runtime::Runtime,
    cluster: &Cluster,
    address: SocketAddr,
    trials: usize,
) -> Outcome<()> {
    let (tell, told) = std::sync::mpsc::channel();
    for _ in 0..STREAMS {
        let path = "/api/v1/stream?watch=experiments,experiment:default/big";
        let mut stream = ask(address, path, "")?;
        let tell = tell.clone();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(size) = stream.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..size]);
                if size == 0
                    || (text.contains("event: trials") && tell.send(Instant::now()).is_err())
                {
                    return;
                }
            }
        });
    }
    std::thread::sleep(Duration::from_millis(500));
    let (before, begun) = (cpu()?, Instant::now());
    let mut late = Vec::new();
    for change in 0..10 * CHANGES {
        let mut trial = fill::trial("default", "big", "uid-default-big", trials + change as usize);
        trial["metadata"]["labels"]["round"] = json!(change.to_string());
        while told.try_recv().is_ok() {}
        let written = Instant::now();
        runtime.block_on(fill::put(cluster, "trials.kubeflow.org", trial));
        if change % CHANGES == 0 {
            late.push(told.recv_timeout(Duration::from_secs(5))?.duration_since(written));
        }
        std::thread::sleep(Duration::from_secs(1) / CHANGES);
    }
    let (used, passed) = (cpu()? - before, begun.elapsed().as_secs_f64());
    println!(
        "{STREAMS} streams, {CHANGES} trials a second: {:.1} % of a core (readers included)",
        100.0 * used / passed
    );
    late.sort();
    println!("a change is heard after {:.1?} (median), {:.1?} (worst)", late[5], late[9]);
    Ok(())
}

/// Seconds of processor time that this process has used.
fn cpu() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let rest = stat.rsplit_once(')').ok_or("stat")?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / 100.0)
}
