//! Bars from another server of `EarlyStopping`, Katib's own or anybody's: asked for again whenever
//! another trial has ended, and held against all that run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::ResourceExt;
use parking_lot::Mutex;
use proto::kinds::{EarlyStoppingRule, EarlyStoppingSpec, Experiment, Suggestion};
use proto::rpc::v1beta1 as rpc;
use rpc::early_stopping_client::EarlyStoppingClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::controllers::events::Happening;
use crate::controllers::world::World;
use crate::experiment;
use crate::suggestion::wire;

/// Longest time for a connection, and for an answer.
const CONNECT_MAX: Duration = Duration::from_secs(5);
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// How long what the configuration says counts before it is read again, and how long a server
/// that did not answer is left alone.
const AGE_MAX: Duration = Duration::from_secs(2);

/// What other servers answered, by the uid of the experiment.
#[derive(Default)]
pub(super) struct Remotes(Mutex<BTreeMap<String, Asked>>);

#[derive(Clone, Default)]
struct Asked {
    /// When the configuration was read, and which server it names.
    at: Option<Instant>,
    address: Option<String>,
    /// How many trials had ended when the bars were asked for.
    ended: Option<u32>,
    /// A question is under way, or failed a moment ago.
    quiet_until: Option<Instant>,
    bars: Vec<EarlyStoppingRule>,
}

impl Remotes {
    pub(super) fn forget(&self, uid: &str) {
        self.0.lock().remove(uid);
    }

    fn change(&self, uid: &str, change: impl FnOnce(&mut Asked)) {
        change(self.0.lock().entry(uid.to_owned()).or_default());
    }
}

/// The bars that hold now; none where the rule is decided in process. Asks for new ones in the
/// background when a trial has ended since.
pub(super) async fn bars(
    world: &World,
    owner: &Experiment,
    suggestion: &Suggestion,
    spec: &EarlyStoppingSpec,
) -> Option<Vec<EarlyStoppingRule>> {
    let uid = owner.uid().unwrap_or_default();
    let remotes = &world.stopping.remotes;
    let mut asked = remotes.0.lock().get(&uid).cloned().unwrap_or_default();
    if asked.at.is_none_or(|it| AGE_MAX < it.elapsed()) {
        // A configuration that cannot be read is told by the suggestion controller.
        let address = world.config.stopping_address(&spec.algorithm_name).await.ok()?;
        (asked.at, asked.address) = (Some(Instant::now()), address.clone());
        remotes.change(&uid, |it| (it.at, it.address) = (Some(Instant::now()), address));
    }
    let address = asked.address?;
    let ended = world.with_trials(&uid, |it| it.tally().completed());
    let quiet = asked.quiet_until.is_some_and(|it| Instant::now() < it);
    if asked.ended != Some(ended) && !quiet {
        remotes.change(&uid, |it| it.quiet_until = Some(Instant::now() + ANSWER_MAX));
        let request = request(world, owner, suggestion, &uid);
        let (remotes, events) = (Arc::clone(remotes), world.events.clone());
        let owner = owner.clone();
        tokio::spawn(async move {
            match ask(&address, request).await {
                Ok(bars) => remotes.change(&uid, |it| {
                    (it.bars, it.ended, it.quiet_until) = (bars, Some(ended), None);
                }),
                Err(why) => {
                    let told = Happening::warning("EarlyStoppingUnavailable", why);
                    events.tell(experiment::CONTROLLER, &owner, &told);
                    let until = Instant::now() + AGE_MAX;
                    remotes.change(&uid, |it| it.quiet_until = Some(until));
                }
            }
        });
    }
    Some(asked.bars)
}

fn request(
    world: &World,
    owner: &Experiment,
    suggestion: &Suggestion,
    uid: &str,
) -> rpc::GetEarlyStoppingRulesRequest {
    let (spec, _) = experiment::effective(owner, suggestion);
    let trials = world.with_trials(uid, |trials| wire::trials(&spec, suggestion, trials));
    let experiment = wire::experiment(&owner.name_any(), &spec, &[]);
    rpc::GetEarlyStoppingRulesRequest {
        experiment: Some(experiment),
        trials,
        db_manager_address: world.database.clone().unwrap_or_default(),
    }
}

async fn ask(
    address: &str,
    request: rpc::GetEarlyStoppingRulesRequest,
) -> Result<Vec<EarlyStoppingRule>, String> {
    let mut client = connect(address).await?;
    let reply = client.get_early_stopping_rules(request).await;
    let reply = reply.map_err(|why| told(address, &why))?.into_inner();
    Ok(reply.early_stopping_rules.into_iter().map(bar).collect())
}

fn bar(it: rpc::EarlyStoppingRule) -> EarlyStoppingRule {
    let comparison = match it.comparison() {
        rpc::ComparisonType::Less => "less",
        rpc::ComparisonType::Greater => "greater",
        rpc::ComparisonType::Equal => "equal",
        rpc::ComparisonType::UnknownComparison => "",
    };
    EarlyStoppingRule {
        comparison: comparison.into(),
        start_step: it.start_step,
        name: it.name,
        value: it.value,
    }
}

/// Why the server of a rule refuses its settings; none where it takes them, or where the rule is
/// decided in process.
///
/// Errors: the server does not answer, and may do so later.
pub async fn refused(world: &World, spec: &EarlyStoppingSpec) -> Result<Option<String>, String> {
    let Some(address) = world.config.stopping_address(&spec.algorithm_name).await? else {
        return Ok(None);
    };
    let mut client = connect(&address).await?;
    let early_stopping = Some(wire::early_stopping(spec));
    let request = rpc::ValidateEarlyStoppingSettingsRequest { early_stopping };
    match client.validate_early_stopping_settings(request).await {
        Err(why) if why.code() == Code::InvalidArgument => {
            Ok(Some(format!("Early stopping validation failed: {}", why.message())))
        }
        Err(why) if why.code() != Code::Unimplemented => Err(told(&address, &why)),
        _ => Ok(None),
    }
}

async fn connect(address: &str) -> Result<EarlyStoppingClient<Channel>, String> {
    let unreachable = |why: tonic::transport::Error| format!("{address}: {why}");
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(unreachable)?;
    let endpoint = endpoint.connect_timeout(CONNECT_MAX).timeout(ANSWER_MAX);
    let client = EarlyStoppingClient::new(endpoint.connect().await.map_err(unreachable)?);
    Ok(client.max_decoding_message_size(usize::MAX).max_encoding_message_size(usize::MAX))
}

fn told(address: &str, why: &Status) -> String {
    format!("{address}: {:?}: {}", why.code(), why.message())
}
