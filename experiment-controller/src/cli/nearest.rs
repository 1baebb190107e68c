//! Which known name a mistyped one was probably meant to be.

/// The known name nearest to `word`, if one is near enough to be worth a hint.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let reach = 1 + word.chars().count() / 3;
    known
        .into_iter()
        .map(|name| (distance(&word.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= reach)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Levenshtein distance: how many letters to insert, delete or replace.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_near() {
        let check = |word: &str, expect: Option<&str>| {
            assert_eq!(nearest(word, ["lr", "layers", "momentum"]), expect, "{word}");
        };
        check("lr", Some("lr"));
        check("layer", Some("layers"));
        check("Momentun", Some("momentum"));
        check("l", Some("lr"));
        check("epochs", None);
    }
}
