//! The known name that a mistyped one most likely meant.

/// The candidate nearest to `name`, if it is near enough to be what was meant: at most a third
/// of its letters away. Case does not count; ties go to the first candidate.
///
/// ```
/// use platform::cluster::api::schema::nearest;
/// assert_eq!(nearest("paralelTrialCount", ["parallelTrialCount"]), Some("parallelTrialCount"));
/// assert_eq!(nearest("colour", ["objective"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let measured = candidates.into_iter().map(|it| (distance(&name, &it.to_lowercase()), it));
    let (distance, best) = measured.min_by_key(|(distance, _)| *distance)?;
    let letters = name.chars().count().max(best.chars().count());
    (3 * distance <= letters).then_some(best)
}

/// How many letters must be inserted, deleted, replaced, or swapped with their neighbour to turn
/// one word into the other (Damerau–Levenshtein, optimal string alignment).
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // Row i holds the distances between the first i letters of `a` and each prefix of `b`.
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if 1 < i && 1 < j && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_edits_and_swaps() {
        let check = |a, b, wanted| assert_eq!(distance(a, b), wanted, "{a} {b}");
        check("", "", 0);
        check("abc", "", 3);
        check("abc", "abc", 0);
        check("abc", "acb", 1);
        check("kitten", "sitting", 3);
        check("name", "nmae", 1);
    }

    #[test]
    fn only_a_near_name_is_offered() {
        let known = ["maxTrialCount", "parallelTrialCount", "objective"];
        let check = |name, wanted| assert_eq!(nearest(name, known), wanted, "{name}");
        check("maxTrailCount", Some("maxTrialCount"));
        check("MAXTRIALCOUNT", Some("maxTrialCount"));
        check("objetcive", Some("objective"));
        check("image", None);
        assert_eq!(nearest("x", []), None);
    }
}
