//! The letters of generated names: no vowels, so no words; nothing that looks alike.

/// Kubernetes' alphabet for generated names.
pub const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// The letter for a number, which is taken modulo their count.
pub fn letter(number: u64) -> char {
    char::from(LETTERS[(number % LETTERS.len() as u64) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_round() {
        assert_eq!([0, 26, 27, u64::MAX].map(letter), ['b', '9', 'b', '7']);
    }
}
