//! The table of all calls: where each is, what it takes and gives, and who answers it. The router,
//! the OpenAPI document and the TypeScript declarations are made of this one table.

mod declarations;
mod openapi;

use std::sync::Arc;

use axum::Json;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::Ui;
use super::pages as p;
use super::types as t;

pub use declarations::declarations;
pub use openapi::openapi;

/// The form of a query, a body or an answer.
type Shape = fn(&mut SchemaGenerator) -> Schema;

/// One call.
pub(crate) struct Route {
    /// GET, POST or DELETE.
    pub(crate) method: &'static str,
    /// Such as `/api/v1/experiments/{namespace}/{name}`.
    pub(crate) path: &'static str,
    /// What it does, for people.
    pub(crate) about: &'static str,
    /// The query string.
    pub(crate) query: Option<Shape>,
    /// The request's body.
    pub(crate) body: Option<Shape>,
    /// What is answered; a media type where it is no JSON.
    pub(crate) answer: Result<Shape, &'static str>,
    /// Who answers.
    pub(crate) handler: MethodRouter<Arc<Ui>>,
}

fn shape<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Route {
    fn new<H, A>(method: &'static str, path: &'static str, about: &'static str, handler: H) -> Route
    where
        H: Handler<A, Arc<Ui>>,
        A: 'static,
    {
        let filter = match method {
            "POST" => MethodFilter::POST,
            "DELETE" => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        let handler = on(filter, handler);
        Route { method, path, about, query: None, body: None, answer: Err("text/plain"), handler }
    }

    fn get<H: Handler<A, Arc<Ui>>, A: 'static>(
        path: &'static str,
        about: &'static str,
        h: H,
    ) -> Self {
        Route::new("GET", path, about, h)
    }

    fn post<H: Handler<A, Arc<Ui>>, A: 'static>(
        path: &'static str,
        about: &'static str,
        h: H,
    ) -> Self {
        Route::new("POST", path, about, h)
    }

    fn delete<H: Handler<A, Arc<Ui>>, A: 'static>(
        path: &'static str,
        about: &'static str,
        h: H,
    ) -> Self {
        Route::new("DELETE", path, about, h)
    }

    fn asks<T: JsonSchema>(self) -> Route {
        Route { query: Some(shape::<T>), ..self }
    }

    fn takes<T: JsonSchema>(self) -> Route {
        Route { body: Some(shape::<T>), ..self }
    }

    fn gives<T: JsonSchema>(self) -> Route {
        Route { answer: Ok(shape::<T>), ..self }
    }

    fn text(self, media_type: &'static str) -> Route {
        Route { answer: Err(media_type), ..self }
    }
}

/// Every call.
pub(crate) fn routes() -> Vec<Route> {
    [access(), catalog(), experiments(), experiment(), analysis(), trials(), rest()].concat_all()
}

trait ConcatAll {
    fn concat_all(self) -> Vec<Route>;
}

impl<const N: usize> ConcatAll for [Vec<Route>; N] {
    fn concat_all(self) -> Vec<Route> {
        self.into_iter().flatten().collect()
    }
}

fn access() -> Vec<Route> {
    vec![
        Route::get("/api/v1/session", "Who asks.", p::session::show).gives::<t::Session>(),
        Route::post("/api/v1/session", "Opens a session with a link's token.", p::session::open)
            .takes::<t::TokenRequest>()
            .gives::<t::Session>(),
        Route::delete("/api/v1/session", "Ends this session.", p::session::end).gives::<t::Done>(),
        Route::get(
            "/api/v1/links",
            "All sessions and unused links; only for sessions that may write, and see all.",
            p::session::links,
        )
        .gives::<t::LinkList>(),
        Route::post(
            "/api/v1/links",
            "Makes a link to hand on: read-only, or bound to namespaces, or both.",
            p::session::link,
        )
        .takes::<t::LinkRequest>()
        .gives::<t::Link>(),
        Route::delete(
            "/api/v1/links/{id}",
            "Ends a session, or takes back a link.",
            p::session::unlink,
        )
        .gives::<t::Done>(),
    ]
}

fn catalog() -> Vec<Route> {
    vec![
        Route::get("/api/v1/namespaces", "Those that may be seen.", p::cluster::namespaces)
            .gives::<t::NamespaceList>(),
        Route::get("/api/v1/algorithms", "Search algorithms.", p::catalog::algorithms)
            .gives::<t::AlgorithmList>(),
        Route::get("/api/v1/early-stopping", "Early-stopping rules.", p::catalog::early_stopping)
            .gives::<t::AlgorithmList>(),
        Route::get(
            "/api/v1/schema/experiment",
            "The JSON schema of an Experiment, descriptions included.",
            p::catalog::schema,
        )
        .gives::<Value>(),
        Route::post(
            "/api/v1/validate",
            "Reads, completes and checks a manifest (YAML or JSON); creates nothing. Always 200.",
            p::validate::validate,
        )
        .takes::<t::ManifestRequest>()
        .gives::<t::Validation>(),
        Route::get("/api/v1/openapi.json", "This API as an OpenAPI document.", document)
            .gives::<Value>(),
    ]
}

fn experiments() -> Vec<Route> {
    vec![
        Route::get("/api/v1/experiments", "Experiments, page by page.", p::experiments::list)
            .asks::<t::ExperimentQuery>()
            .gives::<t::ExperimentPage>(),
        Route::post(
            "/api/v1/experiments",
            "Creates an experiment from its manifest; 422 with faults where it is refused.",
            p::actions::create,
        )
        .takes::<t::ManifestRequest>()
        .gives::<t::Created>(),
        Route::post("/api/v1/experiments/bulk", "One action on several.", p::actions::bulk)
            .takes::<t::BulkRequest>()
            .gives::<t::BulkAnswer>(),
    ]
}

fn experiment() -> Vec<Route> {
    const ONE: &str = "/api/v1/experiments/{namespace}/{name}";
    vec![
        Route::get(ONE, "One experiment.", p::experiment::show).gives::<t::ExperimentDetail>(),
        Route::delete(ONE, "Deletes it, with its trials.", p::actions::delete).gives::<t::Done>(),
        Route::post(
            "/api/v1/experiments/{namespace}/{name}/pause",
            "Starts nothing new.",
            p::actions::pause,
        )
        .gives::<t::Done>(),
        Route::post(
            "/api/v1/experiments/{namespace}/{name}/resume",
            "Goes on after a pause, a stop, or the end of the budget (then with a larger one).",
            p::actions::resume,
        )
        .takes::<t::BudgetRequest>()
        .gives::<t::Done>(),
        Route::post(
            "/api/v1/experiments/{namespace}/{name}/stop",
            "Ends it and keeps what it found.",
            p::actions::stop,
        )
        .gives::<t::Done>(),
        Route::post(
            "/api/v1/experiments/{namespace}/{name}/budget",
            "Changes its budget.",
            p::actions::budget,
        )
        .takes::<t::BudgetRequest>()
        .gives::<t::Done>(),
        Route::post(
            "/api/v1/experiments/{namespace}/{name}/enqueue",
            "Asks for a trial at this point next. Every parameter must have a value.",
            p::actions::enqueue,
        )
        .takes::<t::EnqueueRequest>()
        .gives::<t::Done>(),
        Route::get(
            "/api/v1/experiments/{namespace}/{name}/clone",
            "A manifest of a new experiment like this one; creates nothing.",
            p::manifest::copy,
        )
        .gives::<t::ManifestText>(),
    ]
}

fn analysis() -> Vec<Route> {
    vec![
        Route::get(
            "/api/v1/experiments/{namespace}/{name}/trials",
            "Its trials, page by page.",
            p::trials::list,
        )
        .asks::<t::TrialQuery>()
        .gives::<t::TrialPage>(),
        Route::get(
            "/api/v1/experiments/{namespace}/{name}/columns",
            "Its trials column by column, for plots.",
            p::columns::columns,
        )
        .asks::<t::ColumnsQuery>()
        .gives::<t::Columns>(),
        Route::get(
            "/api/v1/experiments/{namespace}/{name}/curves",
            "Curves of some of its trials.",
            p::curves::of_experiment,
        )
        .asks::<t::CurvesQuery>()
        .gives::<t::Curves>(),
        Route::get(
            "/api/v1/experiments/{namespace}/{name}/importance",
            "How much each parameter matters.",
            p::analysis::importance,
        )
        .asks::<t::ImportanceQuery>()
        .gives::<t::Importance>(),
        Route::get(
            "/api/v1/experiments/{namespace}/{name}/correlation",
            "How parameters and metrics rise and fall together.",
            p::analysis::correlation,
        )
        .gives::<t::Correlation>(),
        Route::get(
            "/api/v1/experiments/{namespace}/{name}/pareto",
            "The trials that no other beats, and how their hypervolume grew.",
            p::analysis::pareto,
        )
        .gives::<t::Pareto>(),
        Route::get(
            "/api/v1/experiments/{namespace}/{name}/events",
            "Its events and those of its trials.",
            p::events::of_experiment,
        )
        .gives::<t::EventList>(),
        Route::get(
            "/api/v1/experiments/{namespace}/{name}/manifest",
            "It as YAML.",
            p::manifest::experiment,
        )
        .asks::<t::ManifestQuery>()
        .gives::<t::ManifestText>(),
        Route::get(
            "/api/v1/experiments/{namespace}/{name}/export",
            "All trials as a file, to save.",
            p::export::export,
        )
        .asks::<t::ExportQuery>()
        .text("text/csv"),
        Route::get(
            "/api/v1/experiments/{namespace}/{name}/report",
            "A self-contained HTML page, to save and to send.",
            p::report::report,
        )
        .text("text/html"),
    ]
}

fn trials() -> Vec<Route> {
    vec![
        Route::get("/api/v1/trials/{namespace}/{name}", "One trial.", p::trial::show)
            .gives::<t::TrialDetail>(),
        Route::post(
            "/api/v1/trials/{namespace}/{name}/stop",
            "Ends a running trial.",
            p::actions::stop_trial,
        )
        .gives::<t::Done>(),
        Route::get(
            "/api/v1/trials/{namespace}/{name}/curves",
            "All metrics of one trial.",
            p::curves::of_trial,
        )
        .asks::<t::TrialCurvesQuery>()
        .gives::<t::TrialCurves>(),
        Route::get(
            "/api/v1/trials/{namespace}/{name}/events",
            "Its events, and those of its workload and pods.",
            p::events::of_trial,
        )
        .gives::<t::EventList>(),
        Route::get("/api/v1/trials/{namespace}/{name}/manifest", "It as YAML.", p::manifest::trial)
            .asks::<t::ManifestQuery>()
            .gives::<t::ManifestText>(),
        Route::get(
            "/api/v1/trials/{namespace}/{name}/logs",
            "Its log; with follow=true a stream of text that ends with the container.",
            p::logs::logs,
        )
        .asks::<t::LogQuery>()
        .text("text/plain"),
        Route::get(
            "/api/v1/trials/{namespace}/{name}/architecture",
            "Its network; 404 where the experiment searches no architectures.",
            p::nas::architecture,
        )
        .gives::<t::Architecture>(),
    ]
}

fn rest() -> Vec<Route> {
    vec![
        Route::get("/api/v1/cluster", "Pods, slots and the queue.", p::cluster::show)
            .asks::<t::NamespaceQuery>()
            .gives::<t::Cluster>(),
        Route::get(
            "/api/v1/stream",
            "Server-sent events; see StreamQuery and StreamEvents.",
            super::stream::stream,
        )
        .asks::<t::StreamQuery>()
        .text("text/event-stream"),
    ]
}

async fn document() -> Json<Value> {
    Json(openapi())
}
