//! A virtual environment of its own for a container that installs Python packages: what one trial
//! installs is neither in another trial's way nor in its owner's Python.

use std::path::Path;

/// Makes the environment, lets it see the packages of the Python that it stands on, and goes on as
/// the container's own command. `$0` is the environment's folder, `$@` the command.
const MAKE: &str = r#"base=$(command -v python3 || command -v python) || {
  echo "a container that installs packages needs python3 on PATH=$PATH" >&2; exit 127; }
"$base" -m venv "$0" || {
  echo "no virtual environment: $base -m venv failed; install the venv module" >&2; exit 127; }
for packages in "$0"/lib/python*/site-packages; do
  "$base" -c 'import sys; print(*(p for p in sys.path if p.endswith("-packages")), sep="\n")' \
    > "$packages/base.pth"
done
VIRTUAL_ENV=$0 PATH=$0/bin:$PATH
export VIRTUAL_ENV PATH
exec "$@""#;

/// The command as it is run: behind a virtual environment in `folder` if it installs packages.
pub(super) fn wrap(argv: Vec<String>, folder: &Path) -> Vec<String> {
    if !argv.join(" ").contains("pip install") {
        return argv;
    }
    let own = folder.join("venv").display().to_string();
    let first = ["/bin/sh".to_owned(), "-c".to_owned(), MAKE.to_owned(), own];
    first.into_iter().chain(argv).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_command_that_installs_gets_an_environment() {
        let check = |argv: &[&str], wrapped: bool| {
            let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
            let got = wrap(argv.clone(), Path::new("/pod"));
            assert!(got.ends_with(&argv), "{argv:?}");
            assert_eq!(got.len() - argv.len(), if wrapped { 4 } else { 0 }, "{argv:?}");
            assert_eq!(got.contains(&"/pod/venv".to_owned()), wrapped, "{argv:?}");
        };
        check(&["python", "train.py"], false);
        check(&["sh", "-c", "pip install x && python train.py"], true);
        check(&["python", "-m", "pip", "install", "x"], true);
    }
}
