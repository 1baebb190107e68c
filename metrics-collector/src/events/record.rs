//! Records of an event file: a length, its checksum, the bytes, their checksum (TFRecord).
//!
//! A length of 8 bytes and checksums of 4, all little-endian; checksums are CRC-32C, rotated and
//! shifted by a constant ("masked"), as TensorFlow writes them.

use crc::{CRC_32_ISCSI, Crc};

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// Added to a rotated checksum.
const MASK: u32 = 0xa282_ead8;

/// Bytes before a record's own: length and checksum.
const HEAD: usize = 12;
/// Bytes after it: a checksum.
const TAIL: usize = 4;

/// Largest record that is read; a graph may have some megabytes, a scalar has fifty bytes.
const BYTES_MAX: u64 = 256 << 20;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Where it begins in the file.
    pub(super) offset: u64,
    /// What is in it.
    pub(super) bytes: Vec<u8>,
}

/// The bytes are no records: nothing after them can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no event file, or a damaged one: the checksum is wrong at byte {offset}")]
pub struct Damaged {
    /// Where the record that cannot be read begins.
    pub offset: u64,
}

/// Turns chunks of bytes into records, wherever the chunks were cut.
#[derive(Debug, Default)]
pub(super) struct Records {
    pending: Vec<u8>,
    /// Where the pending bytes begin in the file.
    begin: u64,
}

impl Records {
    /// The records that end within these bytes.
    ///
    /// # Errors
    /// A checksum is wrong, or a record is larger than any that is written.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Record>, Damaged> {
        self.pending.extend_from_slice(bytes);
        let mut records = Vec::new();
        let mut at = 0;
        while let Some(size) = whole(&self.pending[at..], self.begin + at as u64)? {
            let body = &self.pending[at + HEAD..at + HEAD + size];
            records.push(Record { offset: self.begin + at as u64, bytes: body.to_vec() });
            at += HEAD + size + TAIL;
        }
        self.pending.drain(..at);
        self.begin += at as u64;
        Ok(records)
    }
}

/// The size of the record that the bytes begin with, if all of it is there.
fn whole(bytes: &[u8], offset: u64) -> Result<Option<usize>, Damaged> {
    let damaged = Damaged { offset };
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return Ok(None) };
    let Some((sum, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    let size = u64::from_le_bytes(*length);
    if masked(length) != u32::from_le_bytes(*sum) || BYTES_MAX < size {
        return Err(damaged);
    }
    let size = usize::try_from(size).map_err(|_| damaged)?;
    let Some((body, rest)) = rest.split_at_checked(size) else { return Ok(None) };
    let Some((sum, _)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    if masked(body) == u32::from_le_bytes(*sum) { Ok(Some(size)) } else { Err(damaged) }
}

/// The checksum as it stands in the file.
fn masked(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes).rotate_right(15).wrapping_add(MASK)
}

/// A record as it is written.
#[cfg(test)]
pub(super) fn written(body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u64).to_le_bytes();
    let sums = [masked(&length).to_le_bytes(), masked(body).to_le_bytes()];
    [&length[..], &sums[0], body, &sums[1]].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_record_of_a_real_file_is_read() {
        // What `tf.summary.create_file_writer` begins each file with: wall time and version.
        let bytes = [
            0x18, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22, 0x09, 0x00, 0x00, 0xc0, 0xc9, 0x2a,
            0xc4, 0xd5, 0x41, 0x1a, 0x0d, b'b', b'r', b'a', b'i', b'n', b'.', b'E', b'v', b'e',
            b'n', b't', b':', b'2',
        ];
        // The checksum of the length is a known one; the body's is computed here.
        let body = &bytes[12..];
        let whole = [&bytes[..], &masked(body).to_le_bytes()].concat();
        let records = Records::default().push(&whole).unwrap();
        assert_eq!(records, [Record { offset: 0, bytes: body.to_vec() }]);
    }

    #[test]
    fn what_is_no_record_is_damage_where_it_begins() {
        let good = written(b"one");
        let mut bad = [good.clone(), written(b"two")].concat();
        let last = bad.len() - 6;
        bad[last] ^= 1;
        assert_eq!(Records::default().push(&bad), Err(Damaged { offset: good.len() as u64 }));
        assert_eq!(Records::default().push(b"<html>not found</html>"), Err(Damaged { offset: 0 }));
        let huge = [u64::MAX.to_le_bytes().to_vec(), vec![0; 4]].concat();
        assert_eq!(Records::default().push(&huge), Err(Damaged { offset: 0 }));
    }

    proptest! {
        #[test]
        fn where_chunks_are_cut_changes_nothing(
            bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..30), 0..6),
            size in 1_usize..40,
        ) {
            let bytes: Vec<u8> = bodies.iter().flat_map(|body| written(body)).collect();
            let whole = Records::default().push(&bytes).unwrap();
            prop_assert_eq!(whole.len(), bodies.len());
            let mut cut = Records::default();
            let chunks = bytes.chunks(size).flat_map(|chunk| cut.push(chunk).unwrap());
            prop_assert_eq!(chunks.collect::<Vec<_>>(), whole);
        }
    }
}
