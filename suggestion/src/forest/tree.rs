//! A regression tree: places are asked one question after another until they reach a leaf, which
//! knows the mean and the variance of the targets that ended there.
//!
//! Breiman, Friedman, Olshen and Stone, *Classification and Regression Trees* (1984, chapter 8):
//! each node is divided where the sum of squares falls most (`split.rs`). Columns are sorted once,
//! and each division keeps their order, so that no node sorts again.

use crate::seed::Stream;

use super::split::{Rule, Search, Split};
use super::table::{Shape, Table};

/// How a tree grows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    /// Share of the axes that are looked at for a division, in (0, 1].
    pub(crate) features: f64,
    /// Nodes with fewer rows are not divided.
    pub(crate) split_min: f64,
    /// No leaf has fewer rows.
    pub(crate) leaf_min: f64,
    /// No leaf is deeper.
    pub(crate) depth_max: usize,
    /// Divides at random and takes the best of those, one for each axis (extra-trees, Geurts et
    /// al. 2006), in place of the best of all.
    pub(crate) random: bool,
}

/// What a leaf knows of the targets that ended in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Leaf {
    pub(crate) mean: f64,
    /// Their mean squared distance from the mean.
    pub(crate) variance: f64,
    /// How many they are, by weight.
    pub(crate) count: f64,
}

/// A node: the first child of a fork is the node after it.
#[derive(Clone, Debug)]
enum Node {
    Leaf(Leaf),
    Fork { split: Split, second: usize },
}

/// A regression tree.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

/// The part of an axis that a box takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Side {
    /// From one number to another.
    Between(f64, f64),
    /// The names that are marked.
    Names(Vec<bool>),
}

impl Side {
    /// How much of the axis it is, all names alike.
    pub(crate) fn share(&self) -> f64 {
        match self {
            Side::Between(from, to) => to - from,
            Side::Names(names) => {
                names.iter().filter(|it| **it).count() as f64 / names.len() as f64
            }
        }
    }

    /// The stretches that it takes: each name has an equal one, in order.
    pub(crate) fn spans(&self) -> Vec<(f64, f64)> {
        match self {
            Side::Between(from, to) => vec![(*from, *to)],
            Side::Names(names) => {
                let edge = |it: usize| it as f64 / names.len() as f64;
                let marked = names.iter().enumerate().filter(|(_, it)| **it);
                marked.map(|(name, _)| (edge(name), edge(name + 1))).collect()
            }
        }
    }

    /// Where its stretches begin and end.
    pub(crate) fn edges(&self) -> Vec<f64> {
        self.spans().into_iter().flat_map(|(from, to)| [from, to]).collect()
    }

    /// What goes to the first child, and to the second.
    fn divided(&self, rule: &Rule) -> (Side, Side) {
        match self {
            Side::Between(from, to) => {
                let Rule::Below { at, .. } = rule else { return (self.clone(), self.clone()) };
                let at = at.clamp(*from, *to);
                (Side::Between(*from, at), Side::Between(at, *to))
            }
            Side::Names(names) => {
                let first = |name: usize| rule.is_first(name as f64);
                let part = |wanted: bool| {
                    let marked = names.iter().enumerate();
                    Side::Names(marked.map(|(it, mark)| *mark && first(it) == wanted).collect())
                };
                (part(true), part(false))
            }
        }
    }
}

impl Tree {
    /// A tree of `targets`, one for each row of the table, each counting `weights` times.
    pub(crate) fn grow(
        table: &Table,
        targets: &[f64],
        weights: &[f64],
        growth: &Growth,
        stream: &mut Stream,
    ) -> Tree {
        let mut grower = Grower::new(table, targets, weights);
        let mut axes: Vec<usize> = (0..table.columns.len()).collect();
        let mut nodes: Vec<Node> = Vec::new();
        let mut open = vec![Open { start: 0, end: grower.members.len(), depth: 0, fork: None }];
        while let Some(Open { start, end, depth, fork }) = open.pop() {
            let here = nodes.len();
            if let Some(Node::Fork { second, .. }) = fork.map(|fork: usize| &mut nodes[fork]) {
                *second = here;
            }
            let leaf = grower.leaf(start, end);
            let divides = depth < growth.depth_max
                && growth.split_min.max(2.0 * growth.leaf_min) <= leaf.count
                && 0.0 < leaf.variance;
            let split = divides.then(|| grower.split(start, end, growth, &mut axes, stream));
            let Some(split) = split.flatten() else {
                nodes.push(Node::Leaf(leaf));
                continue;
            };
            let middle = grower.divide(start, end, &split);
            nodes.push(Node::Fork { split, second: 0 });
            let depth = depth + 1;
            open.push(Open { start: middle, end, depth, fork: Some(here) });
            open.push(Open { start, end: middle, depth, fork: None });
        }
        Tree { nodes }
    }

    /// The leaf where a place ends.
    pub(crate) fn leaf(&self, place: &[f64]) -> &Leaf {
        let mut at = self.at(0, place);
        loop {
            match at {
                Ok(leaf) => return leaf,
                Err(next) => at = self.at(next, place),
            }
        }
    }

    /// The leaf at a node, or the node to go on to; nodes only lead to later ones.
    fn at(&self, node: usize, place: &[f64]) -> Result<&Leaf, usize> {
        match &self.nodes[node] {
            Node::Leaf(leaf) => Ok(leaf),
            Node::Fork { split, .. } if split.is_first(place) => Err(node + 1),
            Node::Fork { second, .. } => Err(*second),
        }
    }

    /// Shows every leaf's box within `whole`, and its mean.
    pub(crate) fn boxes(&self, whole: &[Side], mut see: impl FnMut(&[Side], f64)) {
        let mut open = vec![(0, whole.to_vec())];
        while let Some((node, sides)) = open.pop() {
            match &self.nodes[node] {
                Node::Leaf(leaf) => see(&sides, leaf.mean),
                Node::Fork { split, second } => {
                    let (one, other) = sides[split.axis].divided(&split.rule);
                    let with = |side: Side| {
                        let mut sides = sides.clone();
                        sides[split.axis] = side;
                        sides
                    };
                    open.push((node + 1, with(one)));
                    open.push((*second, with(other)));
                }
            }
        }
    }

    /// Adds one observation to the leaf where it ends, as if it had been there before.
    pub(crate) fn tell(&mut self, place: &[f64], target: f64) {
        let mut node = 0;
        while let Err(next) = self.at(node, place) {
            node = next;
        }
        let Node::Leaf(leaf) = &mut self.nodes[node] else { return };
        let (count, step) = (leaf.count + 1.0, target - leaf.mean);
        leaf.mean += step / count;
        leaf.variance = (leaf.count * leaf.variance + step * step * leaf.count / count) / count;
        leaf.count = count;
    }

    /// How many nodes there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }
}

/// A node that is not yet written: its members, and the fork whose second child it is.
struct Open {
    start: usize,
    end: usize,
    depth: usize,
    fork: Option<usize>,
}

/// The rows of all open nodes, each node's side by side.
struct Grower<'a> {
    table: &'a Table,
    targets: &'a [f64],
    weights: &'a [f64],
    /// In no particular order.
    members: Vec<u32>,
    /// For each ordered column the same rows by its order; empty for the others.
    orders: Vec<Vec<u32>>,
    /// Which rows go to the first child.
    first: Vec<bool>,
    spare: Vec<u32>,
}

impl<'a> Grower<'a> {
    fn new(table: &'a Table, targets: &'a [f64], weights: &'a [f64]) -> Grower<'a> {
        let counts = |row: &u32| 0.0 < weights[*row as usize];
        let order = |shape: &Shape| match shape {
            Shape::Ordered(rows) => rows.iter().copied().filter(counts).collect(),
            Shape::Named(_) => Vec::new(),
        };
        Grower {
            table,
            targets,
            weights,
            members: (0..table.rows as u32).filter(counts).collect(),
            orders: table.columns.iter().map(|column| order(&column.shape)).collect(),
            first: vec![false; table.rows],
            spare: Vec::with_capacity(table.rows),
        }
    }

    fn leaf(&self, start: usize, end: usize) -> Leaf {
        let rows = || self.members[start..end].iter().map(|row| *row as usize);
        let count: f64 = rows().map(|row| self.weights[row]).sum();
        if count <= 0.0 {
            return Leaf { mean: 0.0, variance: 0.0, count: 0.0 };
        }
        let mean = rows().map(|row| self.weights[row] * self.targets[row]).sum::<f64>() / count;
        let square = |row: usize| self.weights[row] * (self.targets[row] - mean).powi(2);
        Leaf { mean, variance: rows().map(square).sum::<f64>() / count, count }
    }

    /// The best division on some axes drawn at random; where none of them divides, on others.
    fn split(
        &self,
        start: usize,
        end: usize,
        growth: &Growth,
        axes: &mut [usize],
        stream: &mut Stream,
    ) -> Option<Split> {
        let search = Search {
            targets: self.targets,
            weights: self.weights,
            members: &self.members[start..end],
            leaf_min: growth.leaf_min,
            random: growth.random,
        };
        let wanted = (growth.features * axes.len() as f64).ceil() as usize;
        let mut best: Option<(f64, usize, Rule)> = None;
        for tried in 0..axes.len() {
            if wanted <= tried && best.is_some() {
                break;
            }
            let left = (axes.len() - tried) as u64;
            axes.swap(tried, tried + stream.below(left) as usize);
            let axis = axes[tried];
            let column = &self.table.columns[axis];
            let found = match column.shape {
                Shape::Ordered(_) => {
                    search.threshold(&column.values, &self.orders[axis][start..end], stream)
                }
                Shape::Named(levels) => search.subset(&column.values, levels, stream),
            };
            if let Some((gain, rule)) = found
                && best.as_ref().is_none_or(|(most, ..)| *most < gain)
            {
                best = Some((gain, axis, rule));
            }
        }
        best.map(|(_, axis, rule)| Split { axis, rule })
    }

    /// Sorts the rows of a node by child, each child's in the order that they had; answers where
    /// the second child begins.
    fn divide(&mut self, start: usize, end: usize, split: &Split) -> usize {
        let values = &self.table.columns[split.axis].values;
        for row in &self.members[start..end] {
            self.first[*row as usize] = split.rule.is_first(values[*row as usize]);
        }
        let mut middle = start;
        let columns = self.orders.iter_mut().filter(|order| !order.is_empty());
        for rows in columns.chain(std::iter::once(&mut self.members)) {
            self.spare.clear();
            let mut write = start;
            for read in start..end {
                let row = rows[read];
                if self.first[row as usize] {
                    rows[write] = row;
                    write += 1;
                } else {
                    self.spare.push(row);
                }
            }
            rows[write..end].copy_from_slice(&self.spare);
            middle = write;
        }
        middle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use crate::space::{Axis, Kind};

    const REAL: Axis = Axis { kind: Kind::Real, levels: None };

    fn names(levels: u64) -> Axis {
        Axis { kind: Kind::Categorical, levels: Some(levels) }
    }

    fn growth() -> Growth {
        Growth {
            features: 1.0,
            split_min: 2.0,
            leaf_min: 1.0,
            depth_max: usize::MAX,
            random: false,
        }
    }

    fn grow(axes: &[Axis], places: &[Vec<f64>], targets: &[f64], growth: Growth) -> Tree {
        let table = Table::new(axes.iter().copied(), places);
        let weights = vec![1.0; places.len()];
        Tree::grow(&table, targets, &weights, &growth, &mut Seed(1).stream(0))
    }

    fn random_places(n: usize, d: usize) -> Vec<Vec<f64>> {
        let mut stream = Seed(7).stream(0);
        (0..n).map(|_| (0..d).map(|_| stream.unit()).collect()).collect()
    }

    /// The sum of squares that the tree leaves.
    fn left_over(tree: &Tree, places: &[Vec<f64>], targets: &[f64]) -> f64 {
        let square = |(place, target): (&Vec<f64>, &f64)| (target - tree.leaf(place).mean).powi(2);
        places.iter().zip(targets).map(square).sum()
    }

    #[test]
    fn a_full_tree_knows_every_target() {
        let places = random_places(200, 3);
        let targets: Vec<f64> = places.iter().map(|x| x[0] * x[1] - x[2]).collect();
        for random in [false, true] {
            let tree = grow(&[REAL; 3], &places, &targets, Growth { random, ..growth() });
            assert!(left_over(&tree, &places, &targets) < 1e-20, "random: {random}");
            assert_eq!(tree.len(), 2 * 200 - 1);
        }
    }

    #[test]
    fn the_first_threshold_is_the_best_of_all() {
        let places = random_places(60, 2);
        let targets: Vec<f64> = places.iter().map(|x| (9.0 * x[0]).sin() + x[1]).collect();
        let stump = grow(&[REAL; 2], &places, &targets, Growth { depth_max: 1, ..growth() });
        let parted = |axis: usize, at: f64| -> f64 {
            let spread = |first: bool| {
                let side = places.iter().zip(&targets).filter(|(x, _)| (x[axis] <= at) == first);
                let side: Vec<f64> = side.map(|(_, y)| *y).collect();
                let mean = side.iter().sum::<f64>() / side.len().max(1) as f64;
                side.iter().map(|y| (y - mean).powi(2)).sum::<f64>()
            };
            spread(true) + spread(false)
        };
        let all = (0..2).flat_map(|axis| places.iter().map(move |x| (axis, x[axis])));
        let best = all.map(|(axis, at)| parted(axis, at)).fold(f64::INFINITY, f64::min);
        assert!((left_over(&stump, &places, &targets) - best).abs() < 1e-10);
    }

    #[test]
    fn the_first_subset_is_the_best_of_all() {
        let places: Vec<Vec<f64>> = (0..60).map(|i| vec![f64::from(i % 6)]).collect();
        let targets: Vec<f64> = (0..60).map(|i| f64::from(i * i % 17 + 5 * (i % 3))).collect();
        let stump = grow(&[names(6)], &places, &targets, Growth { depth_max: 1, ..growth() });
        let parted = |subset: u32| -> f64 {
            let spread = |first: bool| {
                let is_first = |x: &[f64]| (subset >> x[0] as u32 & 1 == 1) == first;
                let side = places.iter().zip(&targets).filter(|(x, _)| is_first(x));
                let side: Vec<f64> = side.map(|(_, y)| *y).collect();
                let mean = side.iter().sum::<f64>() / side.len().max(1) as f64;
                side.iter().map(|y| (y - mean).powi(2)).sum::<f64>()
            };
            spread(true) + spread(false)
        };
        let best = (0..64).map(parted).fold(f64::INFINITY, f64::min);
        assert!((left_over(&stump, &places, &targets) - best).abs() < 1e-10);
    }

    #[test]
    fn inactive_places_are_told_apart() {
        let value = |i: u32| if i.is_multiple_of(2) { f64::NAN } else { f64::from(i) / 40.0 };
        for axis in [REAL, names(40)] {
            let scale = if axis == REAL { 1.0 } else { 40.0 };
            let places: Vec<Vec<f64>> = (0..40).map(|i| vec![value(i) * scale]).collect();
            let targets: Vec<f64> = (0..40).map(|i| f64::from(i % 2)).collect();
            let tree = grow(&[axis], &places, &targets, growth());
            assert_eq!(tree.len(), 3, "{axis:?}");
            assert_eq!(tree.leaf(&[f64::NAN]).mean, 0.0);
            assert_eq!(tree.leaf(&places[1]).mean, 1.0);
        }
    }

    #[test]
    fn leaves_keep_to_the_limits() {
        let places = random_places(300, 2);
        let targets: Vec<f64> = places.iter().map(|x| x[0] - x[1]).collect();
        for random in [false, true] {
            let tree =
                grow(&[REAL; 2], &places, &targets, Growth { leaf_min: 7.0, random, ..growth() });
            assert!(places.iter().all(|x| 7.0 <= tree.leaf(x).count));
        }
        let flat = grow(&[REAL; 2], &places, &targets, Growth { depth_max: 3, ..growth() });
        assert_eq!(flat.len(), 15);
        let coarse = Growth { split_min: 301.0, ..growth() };
        assert_eq!(grow(&[REAL; 2], &places, &targets, coarse).len(), 1);
    }

    #[test]
    fn a_leaf_that_is_told_is_the_leaf_that_was_grown() {
        let targets = [1.0, 4.0, 2.5];
        let places = vec![vec![0.5]; 3];
        let mut tree = grow(&[REAL], &places[..2], &targets[..2], growth());
        tree.tell(&[0.5], 2.5);
        let (told, grown) =
            (*tree.leaf(&[0.1]), *grow(&[REAL], &places, &targets, growth()).leaf(&[0.1]));
        assert!((told.mean - grown.mean).abs() < 1e-12);
        assert!((told.variance - grown.variance).abs() < 1e-12);
        assert_eq!(told.count, grown.count);
    }

    #[test]
    fn long_chains_and_many_names_are_no_trouble() {
        // Each division parts a few of the last rows: nearly as deep as there are rows.
        let places: Vec<Vec<f64>> = (0..1000).map(|i| vec![f64::from(i), f64::from(i)]).collect();
        let targets: Vec<f64> = (0..1000).map(|i| 1.3f64.powi(i)).collect();
        let tree = grow(&[REAL, names(1000)], &places, &targets, growth());
        assert!(1000 < tree.len());
        assert!(tree.leaf(&[999.0, 999.0]).mean.is_finite());
    }
}
