//! The area that points of two numbers dominate, one point after the other.

/// The lower left edge of the dominated area.
pub(super) struct Stairs {
    /// The reference point.
    corner: (f64, f64),
    /// Nondominated points: the first numbers ascend, the second descend.
    steps: Vec<(f64, f64)>,
}

impl Stairs {
    /// Nothing is dominated yet.
    pub(super) fn below(x: f64, y: f64) -> Stairs {
        Stairs { corner: (x, y), steps: Vec::new() }
    }

    /// Adds a point, which is not beyond the reference, and answers by how much the area grows.
    pub(super) fn add(&mut self, x: f64, y: f64) -> f64 {
        let right = self.steps.partition_point(|step| step.0 <= x);
        let mut top = right.checked_sub(1).map_or(self.corner.1, |left| self.steps[left].1);
        if top <= y {
            return 0.0;
        }
        // Steps to the right that are not lower disappear behind the new one.
        let hidden = self.steps[right..].iter().take_while(|step| y <= step.1).count();
        let (mut left, mut gain) = (x, 0.0);
        for step in &self.steps[right..right + hidden] {
            gain += (step.0 - left) * (top - y);
            (left, top) = *step;
        }
        let end = self.steps.get(right + hidden).map_or(self.corner.0, |step| step.0);
        gain += (end - left) * (top - y);
        let same = right.checked_sub(1).is_some_and(|left| self.steps[left].0 == x);
        self.steps.splice(right - usize::from(same)..right + hidden, [(x, y)]);
        gain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_grows_by_what_is_new() {
        let mut stairs = Stairs::below(4.0, 4.0);
        let gains = [(2.0, 2.0), (3.0, 1.0), (1.0, 3.0), (2.0, 1.0), (2.0, 2.0), (0.0, 0.0)]
            .map(|(x, y)| stairs.add(x, y));
        assert_eq!(gains, [4.0, 1.0, 1.0, 1.0, 0.0, 9.0]);
        assert_eq!(stairs.steps, [(0.0, 0.0)]);
    }
}
