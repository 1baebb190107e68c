//! Which trials a query takes, and in which order.

use std::cmp::Ordering;

use crate::ui::board::table::{Layout, Row};
use crate::ui::problem::Trouble;
use crate::ui::types::{TrialQuery, TrialStatus};

/// Which trials are taken.
#[derive(Debug)]
pub(super) struct Filter {
    statuses: Vec<TrialStatus>,
    name: String,
    bounds: Vec<(Column, Bound)>,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    Index,
    Status,
    Started,
    Ended,
    Duration,
    Completion,
    Parameter(usize),
    Metric(usize),
}

#[derive(Debug, PartialEq)]
enum Bound {
    Between(f64, f64),
    OneOf(Vec<String>),
}

impl Filter {
    /// What a query asks for.
    pub(super) fn parse(query: &TrialQuery, layout: &Layout) -> Result<Filter, Trouble> {
        let words = query.status.as_deref().unwrap_or_default().split(',');
        let statuses = words.filter(|it| !it.is_empty()).map(|word| {
            TrialStatus::ALL.into_iter().find(|it| it.word() == word).ok_or_else(|| {
                let all = TrialStatus::ALL.map(TrialStatus::word).join(", ");
                Trouble::bad(format!("status: must be some of {all}, got {word:?}"))
            })
        });
        let bounds = query.where_.iter().map(|it| bound(it, layout));
        Ok(Filter {
            statuses: statuses.collect::<Result<_, _>>()?,
            name: query.q.as_deref().unwrap_or_default().trim().to_owned(),
            bounds: bounds.collect::<Result<_, _>>()?,
        })
    }

    /// Whether it takes that trial.
    pub(super) fn takes(&self, row: &Row, layout: &Layout) -> bool {
        let stands = self.statuses.is_empty() || self.statuses.contains(&row.class.into());
        stands
            && row.name.contains(&self.name)
            && self.bounds.iter().all(|(column, bound)| match bound {
                Bound::Between(low, high) => {
                    number(row, *column, layout).is_some_and(|it| *low <= it && it <= *high)
                }
                Bound::OneOf(words) => text(row, *column, layout)
                    .is_some_and(|it| words.iter().any(|word| *word == it)),
            })
    }
}

/// `parameter:lr=0.01..0.1`, `parameter:kind=a|b`.
fn bound(text: &str, layout: &Layout) -> Result<(Column, Bound), Trouble> {
    let wrong = || {
        Trouble::bad(format!(
            "where: must be such as parameter:lr=0.01..0.1 or parameter:kind=a|b, got {text:?}"
        ))
    };
    // Values may have equals signs, and names too: the longest name that is known counts.
    let cuts = text.match_indices('=').map(|(at, _)| at).collect::<Vec<usize>>();
    let mut cuts = cuts.into_iter().rev();
    let found = cuts.find_map(|at| Some((column(&text[..at], layout)?, &text[at + 1..])));
    let (column, value) = found.ok_or_else(wrong)?;
    let Some((low, high)) = value.split_once("..") else {
        return Ok((column, Bound::OneOf(value.split('|').map(str::to_owned).collect())));
    };
    let end = |text: &str, otherwise: f64| match text.trim() {
        "" => Ok(otherwise),
        text => text.parse::<f64>().map_err(|_| wrong()),
    };
    let (low, high) = (end(low, f64::NEG_INFINITY)?, end(high, f64::INFINITY)?);
    Ok((column, Bound::Between(low, high)))
}

fn column(name: &str, layout: &Layout) -> Option<Column> {
    let place = |names: &[String], name: &str| names.iter().position(|it| it == name);
    if let Some(name) = name.strip_prefix("parameter:") {
        return place(&layout.parameters, name).map(Column::Parameter);
    }
    if let Some(name) = name.strip_prefix("metric:") {
        return place(&layout.metrics, name).map(Column::Metric);
    }
    Some(match name {
        "name" => Column::Name,
        "index" => Column::Index,
        "status" => Column::Status,
        "started" => Column::Started,
        "ended" => Column::Ended,
        "duration" => Column::Duration,
        "completion" => Column::Completion,
        _ => return None,
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts and times are far below 2^53")]
fn number(row: &Row, column: Column, layout: &Layout) -> Option<f64> {
    match column {
        Column::Name => None,
        Column::Index => row.index.map(|it| it as f64),
        Column::Status => Some(f64::from(row.class as u8)),
        Column::Started => row.started.map(|it| it.0 as f64),
        Column::Ended => row.ended.map(|it| it.0 as f64),
        Column::Duration => Some((row.ended?.0 - row.started?.0) as f64),
        Column::Completion => row.completion.map(|it| it as f64),
        Column::Parameter(at) => layout.parameter(row, at)?.trim().parse().ok(),
        Column::Metric(at) => layout.metric(row, at).get(),
    }
}

fn text<'a>(row: &'a Row, column: Column, layout: &Layout) -> Option<std::borrow::Cow<'a, str>> {
    match column {
        Column::Parameter(at) => layout.parameter(row, at).map(Into::into),
        Column::Name => Some((&*row.name).into()),
        Column::Status => Some(TrialStatus::from(row.class).word().into()),
        other => number(row, other, layout).map(|it| it.to_string().into()),
    }
}

/// In which order trials come.
#[derive(Debug)]
pub(super) struct Sort(Column);

impl Sort {
    /// What a query asks for.
    pub(super) fn parse(text: &str, layout: &Layout) -> Result<Sort, Trouble> {
        column(text, layout).map(Sort).ok_or_else(|| {
            Trouble::bad(format!(
                "sort: must be name, index, status, started, ended, duration, completion, \
                 parameter:NAME or metric:NAME, got {text:?}"
            ))
        })
    }

    /// Sorts; rows without the value come last, either way, and equals by index.
    pub(super) fn sort(&self, rows: &mut [&Row], down: bool, layout: &Layout) {
        let turned = |it: Ordering| if down { it.reverse() } else { it };
        let next = |a: &Row, b: &Row| (a.index, &a.name).cmp(&(b.index, &b.name));
        if self.0 == Column::Name {
            return rows.sort_by(|a, b| turned(a.name.cmp(&b.name)));
        }
        // Once for each row: texts are parsed.
        let mut keyed: Vec<(Option<f64>, &Row)> =
            rows.iter().map(|it| (number(it, self.0, layout), *it)).collect();
        let words = matches!(self.0, Column::Parameter(_)) && keyed.iter().all(|it| it.0.is_none());
        keyed.sort_by(|(x, a), (y, b)| {
            let first = match (x, y) {
                _ if words => {
                    let (x, y) = (text(a, self.0, layout), text(b, self.0, layout));
                    match (x, y) {
                        (Some(x), Some(y)) => turned(x.cmp(&y)),
                        (x, y) => y.is_some().cmp(&x.is_some()),
                    }
                }
                (Some(x), Some(y)) => turned(x.total_cmp(y)),
                (x, y) => y.is_some().cmp(&x.is_some()),
            };
            first.then_with(|| next(a, b))
        });
        keyed.into_iter().zip(rows).for_each(|((_, row), place)| *place = row);
    }
}
