//! `dehb`: Hyperband's brackets, filled by differential evolution.
//!
//! Awad, Mallik, Hutter, *DEHB: Evolutionary Hyperband for Scalable, Robust and Efficient
//! Hyperparameter Optimization* (IJCAI 2021), §4. Each resource has a population of its own. The
//! first bracket is successive halving of drawn configurations. In later ones a trial is a child:
//! on a bracket's first rung of the population at its resource, on a higher rung of the best of the
//! population one resource below; it takes the place of a member of its own population if it is at
//! least as good. A child is a ⊕ b − c (rand/1) crossed with that member (binomial), equations 1
//! and 2; what leaves the cube is drawn anew.

use crate::bohb::brackets;
use crate::fidelity::{self, Brackets, ETA, Ledger, RESOURCE, Slot, Step};
use crate::history::{State, Trial};
use crate::registry::Algorithm;
use crate::seed::Stream;
use crate::settings::{RANDOM_STATE, Range, SettingSpec};
use crate::space::Point;
use crate::suggester::{Asked, Proposal, Suggester, Turn};
use crate::{novel, standing};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "dehb",
    about: "Hyperband that breeds its configurations; for large and categorical spaces, and trials \
            that are not continued.",
    settings: &[
        RESOURCE,
        ETA,
        SettingSpec {
            name: "mutation_factor",
            default: "0.5",
            range: Range::UpTo {
                lo: 0.0,
                hi: 1.0,
                fault: "mutation_factor should be in the range of (0, 1]",
            },
            meaning: "How much of the difference of two members a child takes: F.",
        },
        SettingSpec {
            name: "crossover_probability",
            default: "0.5",
            range: Range::Within {
                lo: 0.0,
                hi: 1.0,
                fault: "crossover_probability should be between 0 and 1, inclusive",
            },
            meaning: "How likely each value of a child is not the member's whose place it wants.",
        },
        RANDOM_STATE,
    ],
    check: fidelity::check,
    make: |problem| {
        let set = &problem.settings;
        Box::new(Dehb {
            brackets: brackets(problem),
            factor: set.number("mutation_factor").unwrap_or(0.5),
            crossover: set.number("crossover_probability").unwrap_or(0.5),
        })
    },
};

/// Label of a trial: whose place in its population it wants.
const MEMBER_LABEL: &str = "qalam.dev/member";

struct Dehb {
    brackets: Brackets,
    /// F.
    factor: f64,
    /// The probability p of crossover.
    crossover: f64,
}

/// A member of a population.
#[derive(Clone, Copy)]
struct Member<'a> {
    score: f64,
    point: &'a Point,
}

/// The members at one resource, by their places; some are not filled yet.
type Population<'a> = Vec<Option<Member<'a>>>;

impl Dehb {
    /// Which population a rung belongs to: 0 for the smallest resource.
    fn level(&self, bracket: u64, rung: usize) -> usize {
        (self.brackets.round() - 1 - self.brackets.s(bracket)) as usize + rung
    }

    /// As many members as the widest rung at this resource has trials (§4.1).
    fn size(&self, level: usize) -> usize {
        let width = |bracket: u64| {
            let rung = level.checked_sub(self.level(bracket, 0));
            rung.map_or(0, |rung| self.brackets.width(bracket, rung))
        };
        (0..self.brackets.round()).map(width).max().unwrap_or(1).max(1)
    }

    /// The populations, lived through in the order of completion.
    fn populations<'a>(&self, turn: &Turn<'a>) -> Vec<Population<'a>> {
        let levels = self.brackets.round() as usize;
        // Places are made as they are filled: a population may be wider than any experiment.
        let mut all: Vec<Population> = vec![Vec::new(); levels];
        for (trial, score) in turn.finished.iter().zip(standing::scores(turn)) {
            let Some(score) = score.filter(|_| trial.state == State::Succeeded) else { continue };
            let Some((level, member)) = self.place(trial) else { continue };
            let members = &mut all[level];
            if members.len() <= member {
                members.resize(member + 1, None);
            }
            let own = &mut members[member];
            if own.is_none_or(|own| score <= own.score) {
                *own = Some(Member { score, point: &trial.point });
            }
        }
        all
    }

    /// The population of a trial, and whose place it wants.
    fn place(&self, trial: &Trial) -> Option<(usize, usize)> {
        let (bracket, rung) = Slot::of(trial)?;
        let level = self.level(bracket, rung);
        let member: usize = trial.labels.get(MEMBER_LABEL)?.parse().ok()?;
        let known = level < self.brackets.round() as usize && member < bounded(self.size(level));
        known.then_some((level, member))
    }

    /// The place that the next trial of a population wants: one after the other.
    fn next_member(&self, turn: &Turn, level: usize) -> usize {
        let here = |trial: &&Trial| self.place(trial).is_some_and(|(of, _)| of == level);
        turn.trials().filter(here).count() % bounded(self.size(level))
    }

    /// The next step: the first bracket halves, later ones breed.
    fn step<'a>(&self, turn: &Turn<'a>, exhausted: bool) -> Step<'a> {
        self.brackets.step_by(turn, exhausted, |ledger, bracket| match bracket {
            0 => self.brackets.halving(ledger, bracket, exhausted),
            _ if exhausted => None,
            _ => self.breeding(ledger, bracket),
        })
    }

    /// The first rung of a bracket that is not full, once those below have ended.
    fn breeding<'a>(&self, ledger: &Ledger<'a>, bracket: u64) -> Option<Step<'a>> {
        for rung in 0..=self.brackets.s(bracket) as usize {
            let runs = ledger.rung(bracket, rung);
            if runs.len() < self.brackets.width(bracket, rung) {
                return Some(Step::Begin(self.brackets.slot(bracket, rung)));
            }
            if !runs.iter().all(|run| run.over()) {
                return None;
            }
        }
        None
    }

    /// A child for a place: its parents are those of its own population on a bracket's first rung,
    /// else the best below.
    fn child(&self, turn: &Turn, slot: Slot, member: usize, stream: &mut Stream) -> Point {
        let level = self.level(slot.bracket, slot.rung);
        let all = self.populations(turn);
        let mut parents: Vec<Member> = match slot.rung {
            0 => all[level].iter().flatten().copied().collect(),
            rung => {
                let mut below: Vec<Member> = all[level - 1].iter().flatten().copied().collect();
                below.sort_by(|a, b| a.score.total_cmp(&b.score));
                below.truncate(self.brackets.width(slot.bracket, rung).max(3));
                below
            }
        };
        if parents.len() < 3 {
            // The largest resource with three that there is; none in the beginning.
            let known = |members: &Population| members.iter().flatten().count();
            let other = all.iter().rev().find(|members| 3 <= known(members));
            parents = other.map(|it| it.iter().flatten().copied().collect()).unwrap_or_default();
        }
        if parents.len() < 3 {
            return fidelity::draw(turn, stream);
        }
        let [a, b, c] = three(&parents, stream).map(|it| it.point);
        let target = all[level].get(member).copied().flatten().map(|it| it.point);
        self.bred(turn, [a, b, c], target, stream)
    }

    /// v = a + F (b − c), crossed with the target.
    fn bred(
        &self,
        turn: &Turn,
        [a, b, c]: [&Point; 3],
        target: Option<&Point>,
        stream: &mut Stream,
    ) -> Point {
        let n = turn.space.dimensions();
        let surely = stream.below(n as u64) as usize;
        let unit = |axis: usize, point: &Point| turn.space.unit(axis, point.0[axis]);
        let gene = |axis: usize| {
            let mutant = unit(axis, a) + self.factor * (unit(axis, b) - unit(axis, c));
            let anew = stream.unit();
            let mutant = if (0.0..=1.0).contains(&mutant) { mutant } else { anew };
            let crosses = stream.unit() < self.crossover || axis == surely;
            match target {
                Some(target) if !crosses => unit(axis, target),
                _ => mutant,
            }
        };
        let units: Vec<f64> = (0..n).map(gene).collect();
        turn.space.point(&units)
    }
}

/// Populations wider than any experiment are cut.
fn bounded(size: usize) -> usize {
    size.min(100_000)
}

/// Three different ones of at least three.
fn three<'a>(all: &[Member<'a>], stream: &mut Stream) -> [Member<'a>; 3] {
    let mut places: Vec<usize> = (0..all.len()).collect();
    let mut pick = || places.swap_remove(stream.below(places.len() as u64) as usize);
    [pick(), pick(), pick()].map(|place| all[place])
}

impl Suggester for Dehb {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let (slot, mut proposal): (Slot, Proposal) =
            match self.step(turn, novel::is_exhausted(turn)) {
                Step::Begin(slot) if slot.bracket == 0 => {
                    (slot, slot.begin(fidelity::draw(turn, stream)))
                }
                Step::Begin(slot) => {
                    let level = self.level(slot.bracket, slot.rung);
                    let member = self.next_member(turn, level);
                    (slot, slot.begin(self.child(turn, slot, member, stream)))
                }
                Step::Promote(slot, trial) => (slot, slot.promote(trial)),
                Step::Wait(why) => return Asked::Wait(why),
                Step::Done => return Asked::Exhausted,
            };
        let member = self.next_member(turn, self.level(slot.bracket, slot.rung));
        proposal.labels.insert(MEMBER_LABEL.into(), member.to_string());
        Asked::Candidates(vec![proposal])
    }

    fn places_given(&self) -> bool {
        true
    }
}
