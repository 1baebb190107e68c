//! Comma-separated values as RFC 4180 has them, for `qalam export`.

/// One record, with its line end: fields that hold commas, quotes or line ends are quoted.
pub(crate) fn record<T: AsRef<str>>(fields: &[T]) -> String {
    let escaped: Vec<String> = fields.iter().map(|field| escape(field.as_ref())).collect();
    format!("{}\r\n", escaped.join(","))
}

fn escape(field: &str) -> String {
    let edge = field.starts_with(' ') || field.ends_with(' ');
    match edge || field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let check = |fields: &[&str], expect: &str| assert_eq!(record(fields), expect);
        check(&["a", "", "1.5"], "a,,1.5\r\n");
        check(&["a,b", "say \"x\"", "two\nlines"], "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\r\n");
        check(&[" edge", "in side"], "\" edge\",in side\r\n");
        check(&["é=1"], "é=1\r\n");
    }
}
