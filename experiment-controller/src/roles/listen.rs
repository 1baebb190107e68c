//! Ports on loopback: the wanted one if it is free, else any.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// Listens at the first address that is free, else at any port of the first one's host.
pub(super) async fn at_or_near(wanted: &[SocketAddr]) -> io::Result<TcpListener> {
    for address in wanted {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            other => return other,
        }
    }
    let host = wanted.first().map_or_else(|| [127, 0, 0, 1].into(), SocketAddr::ip);
    TcpListener::bind((host, 0)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_passed_by() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let hold = TcpListener::bind(taken).await;
        let other = at_or_near(&[taken]).await.unwrap().local_addr().unwrap();
        assert_eq!(other.port() == taken.port(), hold.is_err());
        assert!(other.ip().is_loopback());
    }
}
