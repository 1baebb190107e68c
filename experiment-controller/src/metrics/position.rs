//! Where a report was read in a pod's log: its time and its ordinal within that time, which stay
//! the same however often and from wherever the log is read again.

use jiff::Timestamp;

/// Bits for the ordinal within a microsecond.
const ORDINAL_BITS: u32 = 12;

/// Gives places to the lines of one log, in order.
#[derive(Debug, Default)]
pub(super) struct Places(u64);

impl Places {
    /// The next place at `time`; always later than the one before, also when the clock went back
    /// or its microsecond is full.
    pub(super) fn next(&mut self, time: Timestamp) -> u64 {
        let micros = u64::try_from(time.as_microsecond()).unwrap_or(0);
        self.0 = (micros << ORDINAL_BITS).max(self.0 + 1);
        self.0
    }
}

/// A line as the API gives it with timestamps: its time, and what was printed. A piece without a
/// time (the rest of a progress bar, after a carriage return) has the time of the one before.
pub(super) fn stamped(line: &str, before: Timestamp) -> (Timestamp, &str) {
    let Some((stamp, text)) = line.split_once(' ') else {
        return line.parse().map_or((before, line), |time| (time, ""));
    };
    stamp.parse().map_or((before, line), |time| (time, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_microsecond(micros).unwrap()
    }

    #[test]
    fn places_grow_and_a_second_reading_gives_the_same() {
        let times = [5, 5, 5, 6, 9, 9].map(at);
        let read = || {
            let mut places = Places::default();
            times.map(|it| places.next(it))
        };
        assert_eq!(read(), read());
        assert!(read().is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn no_two_lines_share_a_place_when_the_clock_goes_back_or_a_microsecond_is_full() {
        let mut places = Places::default();
        let back = [9, 5, 9, 10].map(at).map(|it| places.next(it));
        assert!(back.is_sorted_by(|a, b| a < b), "{back:?}");
        let full: Vec<u64> = (0..10_000).map(|_| places.next(at(11))).collect();
        assert!(full.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_line_is_split_from_its_time() {
        let time: Timestamp = "2026-01-02T03:04:05.678901234Z".parse().unwrap();
        assert_eq!(stamped("2026-01-02T03:04:05.678901234Z a b", at(0)), (time, "a b"));
        assert_eq!(stamped("2026-01-02T03:04:05.678901234Z", at(0)), (time, ""));
        assert_eq!(stamped("no time", at(7)), (at(7), "no time"));
        assert_eq!(stamped("word", at(7)), (at(7), "word"));
    }
}
