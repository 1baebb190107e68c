//! SIGTERM and SIGINT: the wish that a role should end in good order.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Resolves when the process is asked to end.
///
/// The handlers are there when this returns, so no signal is lost between.
pub(super) fn end_wanted() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
