//! What is in a record: an event, of which only scalar summaries are read.
//!
//! Fields and numbers are those of TensorFlow's `event.proto`, `summary.proto` and `tensor.proto`;
//! what is not named here is skipped. A scalar is a plain number (version 1) or a tensor with one
//! element (version 2, and PyTorch's `SummaryWriter`).

use jiff::Timestamp;
use prost::Message;

/// One number in an event file.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// What the program calls it.
    pub tag: String,
    /// The number, as short a text as names it.
    pub value: String,
    /// The step that the program gave.
    pub step: i64,
    /// When it was written; none where that is no time.
    pub time: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple: Option<f32>,
    #[prost(message, optional, tag = "8")]
    tensor: Option<Tensor>,
}

#[derive(Clone, PartialEq, Message)]
struct Tensor {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
    #[prost(bytes = "vec", tag = "4")]
    content: Vec<u8>,
    #[prost(float, repeated, tag = "5")]
    floats: Vec<f32>,
    #[prost(double, repeated, tag = "6")]
    doubles: Vec<f64>,
    #[prost(int32, repeated, tag = "7")]
    ints: Vec<i32>,
    #[prost(int64, repeated, tag = "10")]
    longs: Vec<i64>,
    #[prost(int32, repeated, tag = "13")]
    halves: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "2")]
    sizes: Vec<Size>,
}

#[derive(Clone, PartialEq, Message)]
struct Size {
    #[prost(int64, tag = "1")]
    size: i64,
}

/// TensorFlow's numbers of the types that a scalar may have.
mod kind {
    pub(super) const FLOAT: i32 = 1;
    pub(super) const DOUBLE: i32 = 2;
    pub(super) const INT: i32 = 3;
    pub(super) const LONG: i32 = 9;
    pub(super) const BRAIN_FLOAT: i32 = 14;
    pub(super) const HALF: i32 = 19;
}

/// The scalars in a record; none where it holds something else.
pub(super) fn scalars(record: &[u8]) -> Vec<Scalar> {
    let Ok(Event { wall_time, step, summary }) = Event::decode(record) else { return Vec::new() };
    let micros = (wall_time * 1e6).round();
    let time = (0.0 < micros && micros < 9e18)
        .then(|| Timestamp::from_microsecond(micros as i64).ok())
        .flatten();
    let values = summary.into_iter().flat_map(|it| it.values);
    values
        .filter_map(|it| {
            let value = match (it.simple, it.tensor) {
                (Some(number), _) => number.to_string(),
                (None, Some(tensor)) => tensor.number()?,
                (None, None) => return None,
            };
            Some(Scalar { tag: it.tag, value, step, time })
        })
        .collect()
}

impl Tensor {
    /// Its element, if it has one and no more.
    fn number(&self) -> Option<String> {
        let sizes = self.shape.iter().flat_map(|shape| &shape.sizes);
        if sizes.map(|it| it.size).any(|size| size != 1) {
            return None;
        }
        let half = || self.halves.first().and_then(|bits| u16::try_from(*bits).ok());
        match self.kind {
            kind::FLOAT => self
                .floats
                .first()
                .copied()
                .or_else(|| bytes(&self.content).map(f32::from_le_bytes))
                .map(|it| it.to_string()),
            kind::DOUBLE => self
                .doubles
                .first()
                .copied()
                .or_else(|| bytes(&self.content).map(f64::from_le_bytes))
                .map(|it| it.to_string()),
            kind::INT => self
                .ints
                .first()
                .copied()
                .or_else(|| bytes(&self.content).map(i32::from_le_bytes))
                .map(|it| it.to_string()),
            kind::LONG => self
                .longs
                .first()
                .copied()
                .or_else(|| bytes(&self.content).map(i64::from_le_bytes))
                .map(|it| it.to_string()),
            kind::BRAIN_FLOAT => half()
                .or_else(|| bytes(&self.content).map(u16::from_le_bytes))
                .map(|bits| f32::from_bits(u32::from(bits) << 16).to_string()),
            kind::HALF => half()
                .or_else(|| bytes(&self.content).map(u16::from_le_bytes))
                .map(|bits| half_to_float(bits).to_string()),
            _ => None,
        }
    }
}

/// The bytes, if there are exactly as many as a number of this type has.
fn bytes<const N: usize>(content: &[u8]) -> Option<[u8; N]> {
    content.try_into().ok()
}

/// IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction.
fn half_to_float(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2f32.powi(exponent - 25),
    }
}

/// A record with one scalar, as version 1 (or else as version 2) writes it.
#[cfg(test)]
pub(super) fn encoded(tag: &str, value: f32, step: i64, wall_time: f64, plain: bool) -> Vec<u8> {
    let tensor = Tensor { kind: kind::FLOAT, floats: vec![value], ..Default::default() };
    let value = Value {
        tag: tag.to_owned(),
        simple: plain.then_some(value),
        tensor: (!plain).then_some(tensor),
    };
    Event { wall_time, step, summary: Some(Summary { values: vec![value] }) }.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tensor: Tensor, want: Option<&str>) {
        assert_eq!(tensor.number().as_deref(), want, "{tensor:?}");
    }

    #[test]
    fn both_versions_of_a_scalar_are_read() {
        for plain in [true, false] {
            let got = scalars(&encoded("loss", 0.1, 7, 1_638_422_847.287_21, plain));
            let time = "2021-12-02T05:27:27.28721Z".parse().ok();
            let want = Scalar { tag: "loss".into(), value: "0.1".into(), step: 7, time };
            assert_eq!(got, [want]);
        }
        assert_eq!(scalars(b"\xff\xff"), []);
        assert_eq!(scalars(&[]), []);
    }

    #[test]
    fn numbers_of_every_type_are_read_from_either_place() {
        let of = |kind: i32, content: &[u8]| Tensor {
            kind,
            content: content.to_vec(),
            ..Default::default()
        };
        check(of(kind::FLOAT, &0.25f32.to_le_bytes()), Some("0.25"));
        check(of(kind::DOUBLE, &1e-9f64.to_le_bytes()), Some("0.000000001"));
        check(of(kind::INT, &(-3i32).to_le_bytes()), Some("-3"));
        check(of(kind::LONG, &(1i64 << 40).to_le_bytes()), Some("1099511627776"));
        check(of(kind::BRAIN_FLOAT, &0x3fc0u16.to_le_bytes()), Some("1.5"));
        check(of(kind::HALF, &0x3555u16.to_le_bytes()), Some("0.33325195"));
        check(of(kind::FLOAT, &[0; 8]), None);
        check(of(7, b"text"), None);
        let one = Tensor { kind: kind::DOUBLE, doubles: vec![f64::NAN], ..Default::default() };
        check(one.clone(), Some("NaN"));
        let sizes = |sizes: &[i64]| {
            let sizes = sizes.iter().map(|size| Size { size: *size }).collect();
            Some(Shape { sizes })
        };
        check(Tensor { shape: sizes(&[1, 1]), ..one.clone() }, Some("NaN"));
        check(Tensor { shape: sizes(&[2]), ..one }, None);
    }

    #[test]
    fn halves_are_right_at_the_ends() {
        for (bits, want) in [
            (0x0001, 2f32.powi(-24)),
            (0x03ff, 1023.0 * 2f32.powi(-24)),
            (0x7bff, 65504.0),
            (0xc000, -2.0),
            (0xfc00, f32::NEG_INFINITY),
        ] {
            assert_eq!(half_to_float(bits), want, "{bits:x}");
        }
    }
}
