//! What a Prometheus endpoint answers, asked again and again: a report a line when a value changed.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::header::{ACCEPT, HOST};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::Watch;

use crate::parse::collected;
use crate::prometheus::{self, Sample, Selector};

/// How often is asked.
const EVERY: Duration = Duration::from_millis(500);
/// Longest time for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Largest answer.
const BYTES_MAX: usize = 16 << 20;
/// Names that are told when a wanted one is missing.
const NAMES_MAX: usize = 50;

/// An endpoint, and what it said last.
pub(super) struct Endpoint {
    urls: Vec<Url>,
    metrics: Vec<(String, Selector)>,
    runtime: Runtime,
    asked: Option<Instant>,
    last: BTreeMap<String, Sample>,
    told: Vec<String>,
}

/// An address and the path there.
#[derive(Clone, Debug)]
struct Url {
    authority: String,
    path: String,
}

impl Endpoint {
    /// The endpoint at the first of `urls` that answers.
    ///
    /// # Errors
    /// A URL does not begin with `http://`, or a metric is no name with labels.
    pub(super) fn new(urls: &[String], metrics: &[String]) -> io::Result<Endpoint> {
        let wrong = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
        let url = |url: &String| {
            let rest = url.strip_prefix("http://");
            let rest = rest.ok_or_else(|| wrong(format!("{url:?} does not begin with http://")))?;
            let at = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(at);
            let path = if path.is_empty() { "/" } else { path };
            io::Result::Ok(Url { authority: authority.to_owned(), path: path.to_owned() })
        };
        let metric = |name: &String| {
            let selector = Selector::parse(name);
            let selector = selector
                .ok_or_else(|| wrong(format!("{name:?} is no metric with or without labels")))?;
            io::Result::Ok((name.clone(), selector))
        };
        Ok(Endpoint {
            urls: urls.iter().map(url).collect::<io::Result<_>>()?,
            metrics: metrics.iter().map(metric).collect::<io::Result<_>>()?,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            asked: None,
            last: BTreeMap::new(),
            told: Vec::new(),
        })
    }

    /// The answer of the first address that gives one, which is then the only one.
    fn answer(&mut self) -> Result<String, String> {
        let mut why = String::new();
        for url in self.urls.clone() {
            // The timer is made within the runtime, which it belongs to.
            let asked = async { tokio::time::timeout(ANSWER_MAX, get(&url)).await };
            match self.runtime.block_on(asked) {
                Ok(Ok(answer)) => {
                    self.urls = vec![url];
                    return Ok(answer);
                }
                Ok(Err(error)) => why = format!("http://{}{}: {error}", url.authority, url.path),
                Err(_) => why = format!("http://{}{}: no answer", url.authority, url.path),
            }
        }
        Err(why)
    }

    /// Prints once what is told.
    fn tell(&mut self, text: String, out: &mut dyn Write) -> io::Result<()> {
        if self.told.contains(&text) || NAMES_MAX < self.told.len() {
            return Ok(());
        }
        writeln!(out, "{text}")?;
        self.told.push(text);
        Ok(())
    }
}

async fn get(url: &Url) -> Result<String, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let stream = TcpStream::connect(&url.authority).await.map_err(|it| text(&it))?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(|it| text(&it))?;
    let connection = tokio::spawn(connection);
    let request = Request::get(&url.path)
        .header(HOST, &url.authority)
        .header(ACCEPT, "text/plain;version=0.0.4,*/*;q=0.5")
        .body(Empty::<Bytes>::new())
        .map_err(|it| text(&it))?;
    let response = sender.send_request(request).await.map_err(|it| text(&it))?;
    if !response.status().is_success() {
        return Err(format!("answered {}", response.status()));
    }
    let body = Limited::new(response.into_body(), BYTES_MAX).collect().await;
    connection.abort();
    let body = body.map_err(|it| text(&it))?;
    Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
}

impl Watch for Endpoint {
    fn look(&mut self, out: &mut dyn Write) -> io::Result<bool> {
        if self.asked.is_some_and(|asked| asked.elapsed() < EVERY) {
            return Ok(false);
        }
        let answer = self.answer();
        self.asked = Some(Instant::now());
        let answer = match answer {
            Ok(answer) => answer,
            Err(why) => {
                self.tell(why, out)?;
                out.flush()?;
                return Ok(false);
            }
        };
        let now = Timestamp::now();
        for (metric, selector) in self.metrics.clone() {
            let found = prometheus::samples(&answer, &selector).pop();
            let Some(sample) = found else {
                for name in prometheus::names(&answer, NAMES_MAX) {
                    self.tell(format!("not wanted: {}", collected::name_line(&name)), out)?;
                }
                continue;
            };
            // An untouched gauge is no new measurement.
            if self.last.get(&metric) != Some(&sample) {
                let time = sample.time.or(Some(now));
                writeln!(out, "{}", collected::line(&metric, &sample.value, time, None, None))?;
                self.last.insert(metric, sample);
            }
        }
        out.flush()?;
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    use super::*;

    /// A server that gives these answers one after another, and the last for ever.
    fn serving(answers: &'static [&'static str]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/metrics", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for (place, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                assert_eq!(lines.next().unwrap().unwrap(), "GET /metrics HTTP/1.1");
                let body = answers[place.min(answers.len() - 1)];
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all((head + body).as_bytes()).unwrap();
            }
        });
        url
    }

    fn looked(endpoint: &mut Endpoint) -> String {
        endpoint.asked = None;
        let mut out = Vec::new();
        endpoint.look(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_value_is_told_when_it_changes() {
        let url = serving(&["acc 0.5\nother 1\n", "acc 0.5\n", "acc 0.75 5000\n"]);
        let dead = "http://127.0.0.1:9/metrics".to_owned();
        let mut endpoint = Endpoint::new(&[dead, url], &["acc".into()]).unwrap();
        let first = looked(&mut endpoint);
        assert!(first.contains(r#""metric":"acc""#) && first.contains(r#""0.5""#), "{first}");
        assert_eq!(looked(&mut endpoint), "", "nothing new");
        let third = looked(&mut endpoint);
        assert!(third.contains(r#""timestamp":"1970-01-01T00:00:05Z""#), "{third}");
    }

    #[test]
    fn what_is_missing_is_told_once() {
        let mut endpoint = Endpoint::new(&[serving(&["loss 1\n"])], &["acc".into()]).unwrap();
        assert_eq!(looked(&mut endpoint), "not wanted: {\"metric\":\"loss\"}\n");
        assert_eq!(looked(&mut endpoint), "");
        let dead = "http://127.0.0.1:9/metrics".to_owned();
        let mut endpoint = Endpoint::new(&[dead], &["acc".into()]).unwrap();
        assert!(looked(&mut endpoint).contains("127.0.0.1:9"));
        assert_eq!(looked(&mut endpoint), "");
        assert!(Endpoint::new(&["ftp://a".into()], &[]).is_err());
        assert!(Endpoint::new(&[], &["a b".into()]).is_err());
    }
}
