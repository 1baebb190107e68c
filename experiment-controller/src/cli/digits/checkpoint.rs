//! The state of a training as a file: who reads it goes on to the same figures, to the last digit.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use ndarray::{Array1, Array2};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Layer, Network};

/// Name of the file in its folder.
const FILE: &str = "digits.checkpoint";
/// Its first line.
const HEAD: &str = "qalam digits 1";

/// A training between two epochs.
pub(super) struct Training {
    /// How many epochs are behind it.
    pub(super) epoch: u32,
    pub(super) network: Network,
    pub(super) random: ChaCha8Rng,
    /// The images, as they were shuffled last.
    pub(super) order: Vec<usize>,
}

/// Writes a training into a folder: whole, or not at all.
pub(super) fn save(training: &Training, folder: &Path) -> io::Result<()> {
    let Training { epoch, network, random, order } = training;
    fs::create_dir_all(folder)?;
    let mut text = format!("{HEAD}\nepoch {epoch}\n");
    let seed: Vec<u8> = random.get_seed().to_vec();
    text += &line("seed", seed.iter());
    text += &line("position", [random.get_word_pos()].iter());
    text += &line("order", order.iter());
    text += &line("hidden", [network.hidden.biases.len()].iter());
    for layer in [&network.hidden, &network.output] {
        text += &line("weights", layer.weights.iter());
        text += &line("biases", layer.biases.iter());
        text += &line("weights-speed", layer.weights_speed.iter());
        text += &line("biases-speed", layer.biases_speed.iter());
    }
    let partly = folder.join(format!("{FILE}.part"));
    let mut file = fs::File::create(&partly)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(partly, folder.join(FILE))
}

fn line<T: ToString>(name: &str, values: impl Iterator<Item = T>) -> String {
    let values: Vec<String> = values.map(|it| it.to_string()).collect();
    format!("{name} {}\n", values.join(" "))
}

/// Reads the training that was left in a folder; none where there is none.
///
/// Errors: the file cannot be read, or is no checkpoint of a network of `hidden` neurons.
pub(super) fn load(folder: &Path, hidden: usize) -> io::Result<Option<Training>> {
    let path = folder.join(FILE);
    let text = match fs::read_to_string(&path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let bad = |why: String| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display()))
    };
    let mut lines = Lines(text.lines());
    if lines.0.next() != Some(HEAD) {
        return Err(bad("is no checkpoint of qalam digits".into()));
    }
    let read = lines.training().ok_or_else(|| bad("is damaged".into()))?;
    let there = read.network.hidden.biases.len();
    if there != hidden {
        return Err(bad(format!("is of {there} hidden neurons, not of {hidden}")));
    }
    Ok(Some(read))
}

/// The lines of a checkpoint after the first.
struct Lines<'a>(std::str::Lines<'a>);

impl Lines<'_> {
    fn numbers<T: std::str::FromStr>(&mut self, name: &str) -> Option<Vec<T>> {
        let rest = self.0.next()?.strip_prefix(name)?;
        rest.split_whitespace().map(|it| it.parse().ok()).collect()
    }

    fn layer(&mut self, inputs: usize, outputs: usize) -> Option<Layer> {
        let shape = (inputs, outputs);
        Some(Layer {
            weights: Array2::from_shape_vec(shape, self.numbers("weights")?).ok()?,
            biases: Array1::from_vec(self.numbers("biases")?),
            weights_speed: Array2::from_shape_vec(shape, self.numbers("weights-speed")?).ok()?,
            biases_speed: Array1::from_vec(self.numbers("biases-speed")?),
        })
    }

    fn training(&mut self) -> Option<Training> {
        let epoch = self.numbers("epoch")?.first().copied()?;
        let seed: [u8; 32] = self.numbers("seed")?.try_into().ok()?;
        let mut random = ChaCha8Rng::from_seed(seed);
        random.set_word_pos(self.numbers("position")?.first().copied()?);
        let order = self.numbers("order")?;
        let hidden = self.numbers("hidden")?.first().copied()?;
        let (first, last) =
            (self.layer(super::PIXELS, hidden)?, self.layer(hidden, super::CLASSES)?);
        Some(Training { epoch, network: Network { hidden: first, output: last }, random, order })
    }
}
