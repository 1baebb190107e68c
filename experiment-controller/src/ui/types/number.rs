//! Numbers as JSON knows them, and times.

use std::borrow::Cow;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// A number, or null where there is none: NaN and infinities are written as null.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Num(pub(crate) f64);

impl Num {
    /// No number.
    pub(crate) const NONE: Num = Num(f64::NAN);

    /// The number, if it is one.
    pub(crate) fn get(self) -> Option<f64> {
        self.0.is_finite().then_some(self.0)
    }
}

impl From<Option<f64>> for Num {
    fn from(value: Option<f64>) -> Num {
        Num(value.unwrap_or(f64::NAN))
    }
}

impl PartialEq for Num {
    fn eq(&self, other: &Num) -> bool {
        self.get() == other.get()
    }
}

impl Serialize for Num {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Whole numbers without a fraction: they are most of what columns hold.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self.get() {
            None => serializer.serialize_none(),
            #[expect(clippy::cast_possible_truncation, reason = "exact below 2^53")]
            Some(it) if it.fract() == 0.0 && it.abs() < EXACT => {
                serializer.serialize_i64(it as i64)
            }
            Some(it) => serializer.serialize_f64(it),
        }
    }
}

impl JsonSchema for Num {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Num".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "null"] })
    }
}

/// Milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) struct Millis(pub(crate) i64);

impl From<Timestamp> for Millis {
    fn from(time: Timestamp) -> Millis {
        Millis(time.as_millisecond())
    }
}

impl From<&Time> for Millis {
    fn from(time: &Time) -> Millis {
        Millis(time.0.as_millisecond())
    }
}

/// The time of an optional stamp.
pub(crate) fn millis(time: Option<&Time>) -> Option<Millis> {
    time.map(Millis::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_null() {
        let all = [1.0, -0.5, f64::NAN, f64::INFINITY, 1e300, 12_345.0].map(Num);
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(text, "[1,-0.5,null,null,1e+300,12345]");
    }
}
