//! A population that trains together, generation by generation: what `pbt` and `pb2` share.
//!
//! Jaderberg et al., *Population Based Training of Neural Networks* (arXiv:1711.09846, 2017), §3.
//! Each member of a generation is a trial that trains for a while and leaves a checkpoint. In the
//! next generation a member of the worst share *exploits*: it goes on from the checkpoint of a random
//! member of the best share, with values near that one's. All others go on from their own, as they
//! were. A member that failed has no checkpoint: it exploits, too.
//!
//! A generation begins when the one before has ended, so that losses are compared after the same
//! amount of training, in whatever order its members end.

use std::collections::BTreeSet;

use crate::history::{State, Trial};
use crate::seed::Stream;
use crate::settings::{Range, SettingSpec};
use crate::space::Point;
use crate::standing;
use crate::suggester::{Proposal, Turn};

/// Label of a trial: its generation, from 0; Katib's name.
const GENERATION_LABEL: &str = "pbt.suggestion.katib.kubeflow.org/generation";
/// Label of a trial: the index of the trial whose checkpoint it took; Katib's name.
const PARENT_LABEL: &str = "pbt.suggestion.katib.kubeflow.org/parent";
/// Label of a trial: its member of the population, from 0.
const MEMBER_LABEL: &str = "qalam.dev/member";

/// How many members there are.
pub(crate) const SIZE: SettingSpec = SettingSpec {
    name: "n_population",
    default: "none: must be set",
    range: Range::Whole { min: 5, fault: "Param(n_population) should be >= 5" },
    meaning: "How many trials train beside each other in a generation.",
};

/// Which share loses.
pub(crate) const THRESHOLD: SettingSpec = SettingSpec {
    name: "truncation_threshold",
    default: "none: must be set",
    range: Range::Within {
        lo: 0.0,
        hi: 1.0,
        fault: "Param(truncation_threshold) should be between 0 and 1, inclusive",
    },
    meaning: "The share of a generation that goes on from the checkpoint of one of the best such \
              share.",
};

/// How values change.
pub(crate) const RESAMPLE: SettingSpec = SettingSpec {
    name: "resample_probability",
    default: "none: values are multiplied by 0.8 or 1.2",
    range: Range::Within {
        lo: 0.0,
        hi: 1.0,
        fault: "Param(resample_probability) should be null to perturb at 0.8 or 1.2, or be between \
                0 and 1, inclusive, to resample",
    },
    meaning: "How likely each value of a member that exploits is drawn anew; the others are kept.",
};

/// Where checkpoints are.
pub(crate) const FOLDER: SettingSpec = SettingSpec {
    name: "suggestion_trial_dir",
    default: "none: must be set",
    range: Range::Text("the path of a folder"),
    meaning: "Where a trial finds its checkpoint and leaves the next one; $(QALAM_TRIAL_DIR) for the \
              folder that the home keeps for it.",
};

/// A population of one search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Population {
    pub(crate) size: usize,
    /// The share that exploits: at most a half, or winners would lose.
    pub(crate) threshold: f64,
}

/// What comes next.
pub(crate) enum Next<'a> {
    /// A new member that begins from nothing.
    Begin(Seat),
    /// A member goes on from its own checkpoint, as it was.
    GoOn(Seat, &'a Trial),
    /// A member goes on from the checkpoint of a better one, with other values.
    Exploit(Seat, &'a Trial),
    /// The generation before has not ended.
    Wait(String),
}

/// A member's place in a generation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seat {
    generation: u64,
    member: usize,
}

impl Seat {
    /// A trial that begins from nothing.
    pub(crate) fn begin(self, point: Point) -> Proposal {
        let mut proposal = Proposal::at(point);
        proposal.labels.insert(GENERATION_LABEL.into(), self.generation.to_string());
        proposal.labels.insert(MEMBER_LABEL.into(), self.member.to_string());
        proposal
    }

    /// A trial that goes on from the checkpoint of `parent`.
    pub(crate) fn go_on(self, parent: &Trial, point: Point) -> Proposal {
        let mut proposal = self.begin(point);
        proposal.labels.insert(PARENT_LABEL.into(), parent.index.to_string());
        Proposal { continues: Some(parent.index), repeats: true, ..proposal }
    }

    fn of(trial: &Trial) -> Option<Seat> {
        let number = |label: &str| trial.labels.get(label)?.parse::<u64>().ok();
        let member = usize::try_from(number(MEMBER_LABEL)?).ok()?;
        Some(Seat { generation: number(GENERATION_LABEL)?, member })
    }
}

/// The generation of a trial.
pub(crate) fn generation(trial: &Trial) -> Option<u64> {
    Seat::of(trial).map(|seat| seat.generation)
}

impl Population {
    /// The next member to train; none where nobody can go on and, as `exhausted` says, nobody
    /// can begin.
    pub(crate) fn next<'a>(
        &self,
        turn: &Turn<'a>,
        exhausted: bool,
        stream: &mut Stream,
    ) -> Option<Next<'a>> {
        let seats = seats(turn);
        let newest = seats.iter().map(|(seat, _)| seat.generation).max().unwrap_or(0);
        let here = || seats.iter().filter(|(seat, _)| seat.generation == newest);
        let taken: BTreeSet<usize> = here().map(|(seat, _)| seat.member).collect();
        if let Some(member) = (0..self.size).find(|member| !taken.contains(member)) {
            let before = newest.checked_sub(1);
            let ranks = before.map(|before| self.ranked(turn, before)).unwrap_or_default();
            // Where nobody can go on or begin, the generation stays as small as it is.
            if !ranks.is_empty() || !exhausted {
                return Some(seated(self, Seat { generation: newest, member }, &ranks, stream));
            }
        }
        match here().filter(|(_, trial)| trial.state == State::Active).count() {
            0 => {}
            1 => return Some(Next::Wait(format!("generation {newest} has 1 trial to go"))),
            n => return Some(Next::Wait(format!("generation {newest} has {n} trials to go"))),
        }
        let ranks = self.ranked(turn, newest);
        let seat = Seat { generation: newest + 1, member: 0 };
        (!ranks.is_empty() || !exhausted).then(|| seated(self, seat, &ranks, stream))
    }

    /// The members of a generation that can be gone on from, the best first.
    fn ranked<'a>(&self, turn: &Turn<'a>, generation: u64) -> Vec<&'a Trial> {
        let mut ranked: Vec<(f64, &Trial)> = Vec::new();
        for (trial, score) in turn.finished.iter().zip(standing::scores(turn)) {
            let here = Seat::of(trial).is_some_and(|seat| seat.generation == generation);
            ranked.extend(score.filter(|_| here).map(|score| (score, trial)));
        }
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.index.cmp(&b.1.index)));
        ranked.into_iter().map(|(_, trial)| trial).collect()
    }
}

/// What the member of a seat does, by the standings of the generation before, the best first.
fn seated<'a>(
    population: &Population,
    seat: Seat,
    ranks: &[&'a Trial],
    stream: &mut Stream,
) -> Next<'a> {
    if ranks.is_empty() {
        return Next::Begin(seat);
    }
    let share = population.threshold.min(0.5);
    let losers = (share * ranks.len() as f64) as usize;
    let winners = losers.clamp(1, ranks.len());
    let of = |trial: &&Trial| Seat::of(trial).is_some_and(|it| it.member == seat.member);
    match ranks.iter().position(of) {
        Some(rank) if rank < ranks.len() - losers => Next::GoOn(seat, ranks[rank]),
        _ => Next::Exploit(seat, ranks[stream.below(winners as u64) as usize]),
    }
}

/// Every trial of the population with its seat.
fn seats<'a>(turn: &Turn<'a>) -> Vec<(Seat, &'a Trial)> {
    let trials = turn.finished.iter().chain(turn.active);
    trials.filter_map(|trial| Some((Seat::of(trial)?, trial))).collect()
}

/// Other values near those of a point, as Katib changes them: with `resample` each is drawn anew
/// with that probability; without it each number is multiplied by 0.8 or 1.2, and of a list the
/// neighbour is taken.
pub(crate) fn explored(
    turn: &Turn,
    point: &Point,
    resample: Option<f64>,
    stream: &mut Stream,
) -> Point {
    use crate::space::Coordinate::{Inactive, Level};
    let mut other = point.clone();
    let drawn = crate::random::draw(turn.space, stream);
    for (axis, kind) in turn.space.axes().enumerate() {
        let (chance, up) = (stream.unit(), stream.unit() < 0.5);
        let own = other.0[axis];
        other.0[axis] = match (resample, own) {
            (Some(p), _) if chance < p => drawn.0[axis],
            (Some(_), _) | (None, Inactive) => own,
            (None, own) => {
                let factor = if up { 1.2 } else { 0.8 };
                let scaled = turn.space.scaled(axis, own, factor);
                scaled.unwrap_or(match (own, kind.levels) {
                    (Level(level), Some(levels)) if up => Level((level + 1) % levels),
                    (Level(level), Some(levels)) => Level((level + levels - 1) % levels),
                    (own, _) => own,
                })
            }
        };
    }
    turn.space.settled(other)
}
