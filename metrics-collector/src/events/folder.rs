//! The scalars of all event files below a folder, as they are written.
//!
//! A metric is named as Katib names it: `accuracy` is a tag, wherever it is written; `test/accuracy`
//! is that tag in a folder that ends in `test`, or a tag of that whole name. A tag that a version 1
//! writer numbered (`accuracy_1`) counts for its name. Katib takes every tag that *begins* with the
//! name, so that `loss` gets `loss_scale` too; that is not copied.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::event::{Scalar, scalars};
use super::record::{Damaged, Records};

use crate::follow::{Tail, Tailed};

/// What TensorBoard looks for in the name of a file.
const MARK: &str = "tfevents";

/// How deep below the folder files are looked for.
const DEPTH_MAX: usize = 8;

/// Most files that are followed.
const FILES_MAX: usize = 1000;

/// Tags that are told as not wanted, so that an owner sees what there is.
const OTHERS_MAX: usize = 50;

/// Something in the folder.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A value of a metric.
    Value {
        /// The metric's name.
        metric: String,
        /// The number.
        scalar: Scalar,
        /// The file, below the folder, and where in it.
        place: (String, u64),
    },
    /// A tag that belongs to no metric, told once: folder and tag.
    Other(String),
    /// A file that cannot be read on, told once.
    Damaged(String, Damaged),
}

/// Follows the event files below a folder.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    wanted: Vec<String>,
    files: BTreeMap<PathBuf, File>,
    others: BTreeSet<String>,
}

#[derive(Debug)]
struct File {
    tail: Tail,
    records: Records,
    /// Nothing more can be read.
    over: bool,
}

impl Folder {
    /// Follows the files below `root`, which may not exist yet, for the `wanted` metrics.
    pub fn new(root: &Path, wanted: &[String]) -> Folder {
        Folder {
            root: root.to_owned(),
            wanted: wanted.to_vec(),
            files: BTreeMap::new(),
            others: BTreeSet::new(),
        }
    }

    /// What is new, without waiting.
    ///
    /// # Errors
    /// A file is there but cannot be read.
    pub fn read(&mut self) -> io::Result<Vec<Found>> {
        let mut paths = Vec::new();
        below(&self.root, DEPTH_MAX, &mut paths)?;
        for path in paths {
            let file = || File { tail: Tail::new(&path), records: Records::default(), over: false };
            self.files.entry(path.clone()).or_insert_with(file);
        }
        let mut found = Vec::new();
        let (root, wanted, others) = (&self.root, &self.wanted, &mut self.others);
        for (path, file) in &mut self.files {
            let name = path.strip_prefix(root).unwrap_or(path);
            let damaged = file.read(|scalar, offset| {
                found.extend(sorted(root, name, wanted, others, scalar, offset));
            })?;
            let told = |damaged| Found::Damaged(name.display().to_string(), damaged);
            found.extend(damaged.map(told));
        }
        Ok(found)
    }
}

impl File {
    /// Reads on to the end; answers where it is damaged, once.
    fn read(&mut self, mut each: impl FnMut(Scalar, u64)) -> io::Result<Option<Damaged>> {
        while !self.over {
            match self.tail.read()? {
                Tailed::Bytes(bytes) => match self.records.push(&bytes) {
                    Ok(records) => {
                        for record in records {
                            let scalars = scalars(&record.bytes).into_iter();
                            scalars.for_each(|it| each(it, record.offset));
                        }
                    }
                    Err(damaged) => {
                        self.over = true;
                        return Ok(Some(damaged));
                    }
                },
                Tailed::Restarted => self.records = Records::default(),
                Tailed::Nothing => break,
            }
        }
        Ok(None)
    }
}

/// The metrics that a scalar is a value of, or its tag if it is none's and new.
fn sorted(
    root: &Path,
    file: &Path,
    wanted: &[String],
    others: &mut BTreeSet<String>,
    scalar: Scalar,
    offset: u64,
) -> Vec<Found> {
    let folder = root.join(file.parent().unwrap_or(Path::new("")));
    let metrics = wanted.iter().filter(|metric| names(metric, &folder, &scalar.tag));
    let place = (file.display().to_string(), offset);
    let values: Vec<Found> = metrics
        .map(|metric| Found::Value {
            metric: metric.clone(),
            scalar: scalar.clone(),
            place: place.clone(),
        })
        .collect();
    if values.is_empty() && others.len() < OTHERS_MAX {
        let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
        let tag =
            folder.map_or(scalar.tag.clone(), |it| format!("{}/{}", it.display(), scalar.tag));
        if others.insert(tag.clone()) {
            return vec![Found::Other(tag)];
        }
    }
    values
}

/// Whether a metric is this tag in this folder.
fn names(metric: &str, folder: &Path, tag: &str) -> bool {
    let is = |name: &str| {
        tag.strip_prefix(name).is_some_and(|rest| {
            let number = rest.strip_prefix('_');
            rest.is_empty()
                || number.is_some_and(|it| {
                    !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit())
                })
        })
    };
    let within = |(parent, name): (&str, &str)| folder.ends_with(parent) && is(name);
    is(metric) || metric.rsplit_once('/').is_some_and(within)
}

/// The event files below a folder, in the order of their names.
fn below(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(err),
    };
    let mut paths: Vec<(PathBuf, bool)> = Vec::new();
    for entry in entries {
        let entry = entry?;
        // Links are not followed: they may lead in a circle.
        paths.push((entry.path(), entry.file_type()?.is_dir()));
    }
    paths.sort();
    for (path, is_folder) in paths {
        if is_folder && 0 < depth {
            below(&path, depth - 1, found)?;
        } else if !is_folder
            && found.len() < FILES_MAX
            && path.file_name().is_some_and(|name| name.to_string_lossy().contains(MARK))
        {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use super::super::event::encoded;
    use super::super::record::written;
    use super::*;

    fn add(path: &Path, bytes: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(bytes).unwrap();
    }

    fn record(tag: &str, value: f32, step: i64) -> Vec<u8> {
        written(&encoded(tag, value, step, 1.0, step % 2 == 0))
    }

    fn values(found: &[Found]) -> Vec<(String, String, i64)> {
        let value = |it: &Found| match it {
            Found::Value { metric, scalar, .. } => {
                Some((metric.clone(), scalar.value.clone(), scalar.step))
            }
            _ => None,
        };
        found.iter().filter_map(value).collect()
    }

    #[test]
    fn several_writers_are_followed_and_a_cut_record_waits_for_its_rest() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        let mut folder = Folder::new(&path("logs"), &["accuracy".into(), "test/loss".into()]);
        assert_eq!(folder.read().unwrap(), []);

        add(&path("logs/train/events.out.tfevents.1"), &record("loss", 0.5, 1));
        let whole = record("loss", 0.25, 2);
        let cut = whole.len() - 3;
        add(&path("logs/test/events.out.tfevents.2"), &whole[..cut]);
        add(&path("logs/events.out.tfevents.3"), &record("accuracy", 0.5, 3));
        add(&path("logs/notes.txt"), b"no events");
        let found = folder.read().unwrap();
        assert_eq!(values(&found), [("accuracy".into(), "0.5".into(), 3)]);
        assert!(found.contains(&Found::Other("train/loss".into())), "{found:?}");

        add(&path("logs/test/events.out.tfevents.2"), &whole[cut..]);
        add(&path("logs/train/events.out.tfevents.1"), &record("loss", 0.4, 2));
        let found = folder.read().unwrap();
        assert_eq!(found.len(), 1, "a tag is told once: {found:?}");
        assert_eq!(values(&found), [("test/loss".into(), "0.25".into(), 2)]);
        assert_eq!(folder.read().unwrap(), []);
    }

    #[test]
    fn a_damaged_file_is_told_once_and_the_others_are_read() {
        let root = tempfile::tempdir().unwrap();
        add(&root.path().join("a.tfevents"), &[record("acc", 1.0, 1), vec![7; 40]].concat());
        let mut folder = Folder::new(root.path(), &["acc".into()]);
        let found = folder.read().unwrap();
        let offset = record("acc", 1.0, 1).len() as u64;
        assert!(found.contains(&Found::Damaged("a.tfevents".into(), Damaged { offset })));
        add(&root.path().join("b.tfevents"), &record("acc", 2.0, 2));
        assert_eq!(values(&folder.read().unwrap()), [("acc".into(), "2".into(), 2)]);
    }

    #[test]
    fn metrics_are_tags_in_folders() {
        let check = |metric: &str, folder: &str, tag: &str, want: bool| {
            assert_eq!(names(metric, Path::new(folder), tag), want, "{metric} {folder} {tag}");
        };
        check("accuracy", "/logs/test", "accuracy", true);
        check("accuracy", "/logs/test", "accuracy_1", true);
        check("accuracy", "/logs/test", "accuracy_top", false);
        check("loss", "/logs", "loss_scale", false);
        check("test/accuracy", "/logs/test", "accuracy", true);
        check("test/accuracy", "/logs/latest", "accuracy", false);
        check("test/accuracy", "/logs", "test/accuracy", true);
        check("test/accuracy", "/logs/train", "accuracy", false);
    }
}
