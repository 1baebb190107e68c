//! A demonstration training: a small neural network learns to read handwritten digits.

mod checkpoint;

use std::io::{self, Write};
use std::path::PathBuf;

use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use checkpoint::Training;

/// 1,797 lines of 64 pixels from 0 to 16 and the digit; origin and licence stand beside it.
const DATA: &str = include_str!("../../../examples/data/digits.csv");
/// Pixels of an image.
const PIXELS: usize = 64;
/// Brightest pixel.
const PIXEL_MAX: f32 = 16.0;
/// Digits to tell apart.
const CLASSES: usize = 10;
/// Every fourth image validates and is never trained on, so that trials can be compared.
const VALIDATED_EVERY: usize = 4;

/// Train a small neural network on handwritten digits and print its accuracy after each epoch.
///
/// One hidden layer, trained by stochastic gradient descent with momentum. The same arguments
/// give the same figures.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  qalam digits --lr 0.1 --hidden 64 --epochs 20\n  \
    qalam digits --checkpoint=run --epochs 3 && qalam digits --checkpoint=run --epochs 9")]
pub struct Digits {
    /// Learning rate.
    #[arg(long, default_value_t = 0.05, value_parser = positive)]
    lr: f32,
    /// Neurons of the hidden layer.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    hidden: u32,
    /// Images of one step.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    batch: u32,
    /// How often every image is seen, what a checkpoint has behind it included.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: u32,
    /// How much of the last step is kept, from 0 to below 1.
    #[arg(long, default_value_t = 0.9, value_parser = fraction)]
    momentum: f32,
    /// Seed of the initial weights and of the order of images.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Go on from the checkpoint in this folder, if there is one, and leave one there; without a
    /// folder go on from $QALAM_CONTINUES_DIR, and leave one in $QALAM_TRIAL_DIR.
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, require_equals = true)]
    checkpoint: Option<Option<PathBuf>>,
    /// Train so many epochs more than the checkpoint has behind it.
    #[arg(long, requires = "checkpoint")]
    further: bool,
}

impl Digits {
    /// Where the checkpoint is that is gone on from, and where the next one is left.
    fn folders(&self) -> (Option<PathBuf>, Option<PathBuf>) {
        let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
        match &self.checkpoint {
            None => (None, None),
            Some(Some(folder)) => (Some(folder.clone()), Some(folder.clone())),
            Some(None) => (named("QALAM_CONTINUES_DIR"), named("QALAM_TRIAL_DIR")),
        }
    }

    /// The training that is gone on with.
    fn begun(&self, images: usize) -> io::Result<Training> {
        let hidden = self.hidden as usize;
        let left = self.folders().0.map(|folder| checkpoint::load(&folder, hidden)).transpose()?;
        if let Some(training) = left.flatten().filter(|it| it.order.len() == images) {
            return Ok(training);
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let network = Network::new(hidden, &mut random);
        Ok(Training { epoch: 0, network, random, order: (0..images).collect() })
    }
}

/// Trains, and prints one line for each epoch.
///
/// # Errors
/// Nobody reads the output any more, or a checkpoint cannot be read or written.
pub fn run(digits: &Digits, out: &mut dyn Write) -> io::Result<()> {
    let (images, validation) = images();
    let mut training = digits.begun(images.labels.len())?;
    let base = if digits.further { training.epoch } else { 0 };
    let last = base.saturating_add(digits.epochs);
    while training.epoch < last {
        let loss = epoch(&mut training, &images, digits);
        let (epoch, accuracy) = (training.epoch, training.network.accuracy(&validation));
        writeln!(out, "epoch={epoch} loss={loss:.5} Validation-accuracy={accuracy:.5}")?;
        out.flush()?;
    }
    // At the end alone: a training that was cut short begins again from what it was given.
    digits.folders().1.map_or(Ok(()), |folder| checkpoint::save(&training, &folder))
}

/// Sees every image once; answers the mean loss.
fn epoch(training: &mut Training, images: &Images, digits: &Digits) -> f32 {
    let Training { epoch, network, random, order } = training;
    order.shuffle(random);
    let mut loss = 0.0;
    for batch in order.chunks(digits.batch as usize) {
        let images = images.select(batch);
        loss += network.step(&images, digits.lr, digits.momentum) * batch.len() as f32;
    }
    *epoch += 1;
    loss / order.len() as f32
}

/// Images with their digits.
struct Images {
    /// images × pixels, from 0 to 1.
    pixels: Array2<f32>,
    labels: Vec<usize>,
}

impl Images {
    fn select(&self, rows: &[usize]) -> Images {
        Images {
            pixels: self.pixels.select(Axis(0), rows),
            labels: rows.iter().map(|row| self.labels[*row]).collect(),
        }
    }
}

/// The images to train on, and those to validate with.
fn images() -> (Images, Images) {
    let numbers: Vec<Vec<u8>> = DATA
        .lines()
        .map(|line| line.split(',').map(|it| it.parse().expect("the data are whole")).collect())
        .collect();
    let pixel = |(row, column): (usize, usize)| f32::from(numbers[row][column]) / PIXEL_MAX;
    let all = Images {
        pixels: Array2::from_shape_fn((numbers.len(), PIXELS), pixel),
        labels: numbers.iter().map(|line| usize::from(line[PIXELS])).collect(),
    };
    let (validation, training): (Vec<usize>, Vec<usize>) =
        (0..numbers.len()).partition(|row| row % VALIDATED_EVERY == 0);
    (all.select(&training), all.select(&validation))
}

/// Two layers: pixels → hidden (ReLU) → digits (softmax).
struct Network {
    hidden: Layer,
    output: Layer,
}

/// Weights, and the speed with which they move.
struct Layer {
    /// inputs × outputs
    weights: Array2<f32>,
    biases: Array1<f32>,
    weights_speed: Array2<f32>,
    biases_speed: Array1<f32>,
}

impl Network {
    fn new(hidden: usize, random: &mut ChaCha8Rng) -> Network {
        Network {
            hidden: Layer::new(PIXELS, hidden, random),
            output: Layer::new(hidden, CLASSES, random),
        }
    }

    /// One step down the gradient; gives the mean cross-entropy before it.
    fn step(&mut self, images: &Images, rate: f32, momentum: f32) -> f32 {
        let count = images.labels.len() as f32;
        let active = self.hidden.forward(images.pixels.view()).mapv_into(|it| it.max(0.0));
        let mut slope = softmax(self.output.forward(active.view()));
        let mut loss = 0.0;
        for (mut row, label) in slope.rows_mut().into_iter().zip(&images.labels) {
            loss -= row[*label].max(f32::MIN_POSITIVE).ln();
            // The slope of softmax and cross-entropy together: what was said minus what is.
            row[*label] -= 1.0;
        }
        slope /= count;
        let mut hidden_slope = slope.dot(&self.output.weights.t());
        hidden_slope.zip_mut_with(&active, |slope, active| {
            if *active <= 0.0 {
                *slope = 0.0;
            }
        });
        self.output.descend(active.view(), slope.view(), rate, momentum);
        self.hidden.descend(images.pixels.view(), hidden_slope.view(), rate, momentum);
        loss / count
    }

    /// The share of images whose digit is the network's first guess.
    fn accuracy(&self, images: &Images) -> f32 {
        let active = self.hidden.forward(images.pixels.view()).mapv_into(|it| it.max(0.0));
        let scores = self.output.forward(active.view());
        let right = scores.rows().into_iter().zip(&images.labels).filter(|(row, label)| {
            let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            best.is_some_and(|(digit, _)| digit == **label)
        });
        right.count() as f32 / images.labels.len() as f32
    }
}

impl Layer {
    /// Weights as He et al. (arXiv:1502.01852) begin before a ReLU, uniform: variance 2 / inputs.
    fn new(inputs: usize, outputs: usize, random: &mut ChaCha8Rng) -> Layer {
        let limit = (6.0 / inputs as f32).sqrt();
        let mut weight = || random.random_range(-limit..limit);
        Layer {
            weights: Array2::from_shape_simple_fn((inputs, outputs), &mut weight),
            biases: Array1::zeros(outputs),
            weights_speed: Array2::zeros((inputs, outputs)),
            biases_speed: Array1::zeros(outputs),
        }
    }

    fn forward(&self, inputs: ArrayView2<f32>) -> Array2<f32> {
        inputs.dot(&self.weights) + &self.biases
    }

    /// Moves the weights, given the loss's slope at this layer's outputs (images × outputs).
    fn descend(&mut self, inputs: ArrayView2<f32>, slope: ArrayView2<f32>, rate: f32, keep: f32) {
        self.weights_speed *= keep;
        self.weights_speed.scaled_add(-rate, &inputs.t().dot(&slope));
        self.biases_speed *= keep;
        self.biases_speed.scaled_add(-rate, &slope.sum_axis(Axis(0)));
        self.weights += &self.weights_speed;
        self.biases += &self.biases_speed;
    }
}

/// Scores to probabilities, row by row.
fn softmax(mut scores: Array2<f32>) -> Array2<f32> {
    for mut row in scores.rows_mut() {
        let largest = row.fold(f32::NEG_INFINITY, |a, b| a.max(*b));
        row.mapv_inplace(|it| (it - largest).exp());
        let sum = row.sum();
        row /= sum;
    }
    scores
}

fn positive(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(it) if 0.0 < it && f32::is_finite(it) => Ok(it),
        _ => Err("needs a number above 0".to_owned()),
    }
}

fn fraction(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(it) if (0.0..1.0).contains(&it) => Ok(it),
        _ => Err("needs a number from 0 to below 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(lr: f32, epochs: u32) -> Digits {
        Digits {
            lr,
            hidden: 16,
            batch: 32,
            epochs,
            momentum: 0.9,
            seed: 1,
            checkpoint: None,
            further: false,
        }
    }

    fn printed(digits: &Digits) -> String {
        let mut out = Vec::new();
        run(digits, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn last_accuracy(text: &str) -> f32 {
        text.trim_end().rsplit_once("Validation-accuracy=").unwrap().1.parse().unwrap()
    }

    #[test]
    fn every_fourth_image_validates() {
        let (training, validation) = images();
        assert_eq!((training.labels.len(), validation.labels.len()), (1347, 450));
        assert_eq!(validation.labels[..2], [0, 4]);
        assert!(training.pixels.iter().all(|it| (0.0..=1.0).contains(it)));
    }

    #[test]
    fn a_good_rate_learns_and_a_tiny_one_does_not() {
        let learned = last_accuracy(&printed(&arguments(0.05, 4)));
        let idle = last_accuracy(&printed(&arguments(1e-6, 4)));
        assert!(0.85 < learned, "{learned}");
        assert!(idle < 0.5, "{idle}");
    }

    #[test]
    fn the_same_arguments_print_the_same_lines() {
        let first = printed(&arguments(0.05, 2));
        assert_eq!(first.lines().count(), 2);
        assert!(first.starts_with("epoch=1 loss="), "{first}");
        assert_eq!(first, printed(&arguments(0.05, 2)));
        assert_ne!(first, printed(&Digits { seed: 2, ..arguments(0.05, 2) }));
    }

    #[test]
    fn a_training_that_goes_on_prints_what_one_that_was_not_interrupted_does() {
        let folder = tempfile::tempdir().unwrap();
        let whole = printed(&arguments(0.05, 5));
        let checkpoint = Some(Some(folder.path().to_owned()));
        let part = |epochs, further| Digits {
            checkpoint: checkpoint.clone(),
            further,
            ..arguments(0.05, epochs)
        };
        let parts = [part(2, false), part(3, false), part(2, true)].map(|it| printed(&it));
        assert_eq!(parts.concat(), whole);
        let other = run(&Digits { hidden: 8, ..part(9, false) }, &mut Vec::new()).unwrap_err();
        assert!(other.to_string().contains("is of 16 hidden neurons, not of 8"), "{other}");
        std::fs::write(folder.path().join("digits.checkpoint"), "x").unwrap();
        assert!(run(&part(9, false), &mut Vec::new()).is_err());
    }

    /// Nudges one weight of each layer and compares the loss with what the slope foretells.
    #[test]
    fn the_slope_is_the_loss_s_own() {
        let (training, _) = images();
        let batch = training.select(&[0, 1, 2, 3, 4, 5, 6, 7]);
        let fresh = || Network::new(8, &mut ChaCha8Rng::seed_from_u64(7));
        let loss = |mut network: Network| network.step(&batch, 0.0, 0.0);
        // With rate 1 and no momentum, the speed after one step is the slope, negated.
        let mut stepped = fresh();
        stepped.step(&batch, 1.0, 0.0);
        let nudge = 1e-2;
        for (layer, at) in [(0, (20, 3)), (1, (3, 4))] {
            let pick = |network: &mut Network, by: f32| {
                let layer = if layer == 0 { &mut network.hidden } else { &mut network.output };
                layer.weights[at] += by;
                -layer.weights_speed[at]
            };
            let (mut up, mut down) = (fresh(), fresh());
            pick(&mut up, nudge);
            pick(&mut down, -nudge);
            let measured = (loss(up) - loss(down)) / (2.0 * nudge);
            let foretold = pick(&mut stepped, 0.0);
            assert!((measured - foretold).abs() < 2e-3, "{layer}: {measured} {foretold}");
        }
    }
}
