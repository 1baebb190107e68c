//! The dashboard: a JSON API, one live stream, and the pages that show them.
//!
//! ```text
//! access     links, sessions, and the guard before every request
//! board      what is known of experiments and trials, and the news
//! pages      one concern a file: what is asked, and what is answered
//! stream     the news as server-sent events
//! contract   the table of routes, its OpenAPI document and its TypeScript declarations
//! files      the static pages
//! ```
//! It reads and asks, and never reconciles: what a page changes, it changes through the Kubernetes
//! API, as `kubectl` would.

mod access;
mod board;
pub mod contract;
mod extract;
mod files;
mod hearing;
mod pages;
mod problem;
mod stream;
#[cfg(test)]
mod tests;
mod types;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use axum::Router;
use axum::middleware::from_fn_with_state;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use metrics_collector::Store;
use tokio::net::TcpListener;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use access::{Access, Rights, guard};
use board::Board;
use types::HomeKind;

pub use hearing::{Heard, Hearing};

/// What a dashboard is made with.
pub struct Options {
    /// Speaks to the API.
    pub client: Client,
    /// The observation log; none where it is out of reach, and then there are no curves.
    pub store: Option<Arc<dyn Store>>,
    /// What is reported from now on.
    pub hearing: Option<Hearing>,
    /// Whether the API is this machine's home.
    pub home: bool,
    /// The namespace to begin with.
    pub namespace: String,
    /// Names under which it is reached, beside addresses of this machine and localhost.
    pub hosts: Vec<String>,
    /// A token that may do everything, for other programs of the same user: the home's own.
    pub bearer: Option<String>,
    /// Called with every request and every beat of a stream: somebody looks.
    pub touched: Box<dyn Fn() + Send + Sync>,
}

/// A dashboard.
pub struct Ui {
    client: Client,
    store: Option<Arc<dyn Store>>,
    home: HomeKind,
    namespace: String,
    hosts: Vec<String>,
    bearer: Option<String>,
    touched: Box<dyn Fn() + Send + Sync>,
    access: Access,
    board: Arc<Board>,
    analyses: pages::Analyses,
    port: AtomicU16,
}

impl Ui {
    /// A dashboard that nobody looks at yet.
    pub fn new(options: Options) -> Arc<Ui> {
        let board = Arc::new(Board::default());
        if let Some(hearing) = options.hearing {
            hearing::tell(hearing, board.clone());
        }
        Arc::new(Ui {
            client: options.client,
            store: options.store,
            home: if options.home { HomeKind::Home } else { HomeKind::Cluster },
            namespace: options.namespace,
            hosts: options.hosts,
            bearer: options.bearer,
            touched: options.touched,
            access: Access::default(),
            board,
            analyses: pages::Analyses::default(),
            port: AtomicU16::new(0),
        })
    }

    /// Serves until the task ends.
    ///
    /// # Errors
    /// The listener broke.
    pub async fn serve(self: Arc<Ui>, listener: TcpListener) -> std::io::Result<()> {
        self.listens(listener.local_addr()?);
        axum::serve(listener, self.router()).await
    }

    /// Remembers where it listens: cookies have the port in their names.
    pub fn listens(&self, address: SocketAddr) {
        self.port.store(address.port(), Ordering::Relaxed);
    }

    /// All of it as a service.
    pub fn router(self: &Arc<Ui>) -> Router {
        let mut router = Router::new();
        for route in contract::routes() {
            router = router.route(route.path, route.handler);
        }
        let compression = CompressionLayer::new().quality(CompressionLevel::Fastest);
        router
            .fallback(files::serve)
            .layer(compression)
            .layer(from_fn_with_state(self.clone(), guard::guard))
            .with_state(self.clone())
    }

    /// A new link to a page, such as `/`: an address with a token that works once.
    pub fn link(&self, path: &str) -> String {
        let (token, _) = self.access.link(Rights::ALL, access::SESSION_LASTS, Timestamp::now());
        self.address(path, &token)
    }

    fn address(&self, path: &str, token: &str) -> String {
        let sign = if path.contains('?') { '&' } else { '?' };
        format!("http://127.0.0.1:{}{path}{sign}token={token}", self.port())
    }

    /// Spends a token; answers the cookie that is the session.
    fn open(&self, token: &str) -> Option<HeaderValue> {
        let now = Timestamp::now();
        let (token, grant) = self.access.open(token, now)?;
        let lasts: SignedDuration = grant.until.duration_since(now);
        guard::set_cookie(self.port(), &token, lasts.as_secs())
    }

    fn port(&self) -> u16 {
        self.port.load(Ordering::Relaxed)
    }

    fn is_bearer(&self, token: &str) -> bool {
        let same = |ours: &String| {
            let differences = ours.bytes().zip(token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
            ours.len() == token.len() && differences == 0 && !ours.is_empty()
        };
        self.bearer.as_ref().is_some_and(same)
    }

    fn touch(&self) {
        (self.touched)();
    }
}
