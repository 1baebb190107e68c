//! Lines on two logarithmic axes, as SVG.

use std::fmt::Write as _;

/// One line of a plot: (x, y), all above 0.
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
/// Left, top, right and bottom of what is drawn on.
const FRAME: [f64; 4] = [80.0, 50.0, 640.0, 470.0];
const COLOURS: [&str; 8] =
    ["#0b62a4", "#c23b22", "#2a8c55", "#8250df", "#b26b00", "#0f8b8d", "#c2277c", "#57606a"];

/// The exponents of ten from which to which an axis goes.
fn decades(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    let most = values.fold(f64::NEG_INFINITY, f64::max);
    (least.log10().floor(), most.log10().ceil())
}

/// Where a value is between two ends of the frame.
fn along(value: f64, (lo, hi): (f64, f64), from: f64, to: f64) -> f64 {
    from + (to - from) * (value.log10() - lo) / (hi - lo).max(1.0)
}

/// The plot as a file's text. Names stand at the right, in the order of the lines' ends.
pub(crate) fn svg(title: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| line.points.iter());
    let [left, top, right, bottom] = FRAME;
    let (across, up) = (decades(points().map(|it| it.0)), decades(points().map(|it| it.1)));
    let x = |value: f64| along(value, across, left, right);
    let y = |value: f64| along(value, up, bottom, top);

    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
         <text x=\"{left}\" y=\"28\" font-size=\"16\">{title}</text>\n"
    );
    grid(&mut out, across, up);
    let mut ends: Vec<(f64, usize)> = lines
        .iter()
        .enumerate()
        .filter_map(|(i, line)| Some((y(line.points.last()?.1), i)))
        .collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = top;
    for (end, i) in ends {
        let (line, colour) = (&lines[i], COLOURS[i % COLOURS.len()]);
        let dashes = ["none", "6 3", "2 3"][i / COLOURS.len() % 3];
        let path: Vec<String> =
            line.points.iter().map(|it| format!("{:.1},{:.1}", x(it.0), y(it.1))).collect();
        let at = end.max(free);
        free = at + 16.0;
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
             stroke-dasharray=\"{dashes}\"/>\n\
             <path d=\"M{:.1} {end:.1}L{:.1} {at:.1}\" stroke=\"{colour}\" opacity=\"0.4\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>",
            path.join(" "),
            x(line.points.last().map_or(1.0, |it| it.0)),
            right + 6.0,
            right + 10.0,
            at + 4.0,
            line.name,
        );
    }
    out + "</svg>\n"
}

/// A line for each power of ten, with its number.
fn grid(out: &mut String, across: (f64, f64), up: (f64, f64)) {
    let [left, top, right, bottom] = FRAME;
    let powers =
        |(lo, hi): (f64, f64)| (lo as i32..=hi as i32).map(|power| (power, 10f64.powi(power)));
    for (power, value) in powers(across) {
        let x = along(value, across, left, right);
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {top}V{bottom}\" stroke=\"#d8dee4\"/>\n\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            bottom + 20.0,
            10i64.pow(power.unsigned_abs()),
        );
    }
    for (power, value) in powers(up) {
        let y = along(value, up, bottom, top);
        let _ = writeln!(
            out,
            "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#d8dee4\"/>\n\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">1e{power}</text>",
            left - 8.0,
            y + 4.0,
        );
    }
}
