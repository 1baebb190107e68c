//! The known word that a mistyped one was probably meant to be.

/// The candidate that fewest edits lead to; none when more than a third of the word would change.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let close = candidates.into_iter().map(|it| (edits(word, it), it));
    let (edits, best) = close.min()?;
    let limit = (word.chars().count() / 3).max(1);
    (edits <= limit).then_some(best)
}

/// Optimal string alignment distance without regard to case: insertions, deletions, replacements
/// and swaps of neighbours.
fn edits(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if 1 < i && 1 < j && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_words_are_found_and_far_ones_are_not() {
        let known = ["maxTrialCount", "parallelTrialCount", "random", "tpe"];
        let check = |word, want| assert_eq!(nearest(word, known), want, "{word}");
        check("maxtrialcount", Some("maxTrialCount"));
        check("paralelTrialsCount", Some("parallelTrialCount"));
        check("radnom", Some("random"));
        check("tep", Some("tpe"));
        check("", None);
        check("something", None);
    }
}
