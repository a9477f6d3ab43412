//! Syslog over TLS (RFC 5425): each message behind the count of its bytes.
//!
//! Syslog has no answer. A batch counts as arrived when the receiver, told that nothing more comes, ends the connection
//! in order: it has then read all of it. One that breaks off, resets or keeps silent has not, and gets the batch again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::batch::Payload;
use super::send::{Answered, CONNECT_MAX, SendError};

/// Longest until the receiver has ended the connection.
const END_MAX: Duration = Duration::from_secs(8);
/// A reset that was on its way when the connection ended has come by then.
const SETTLED_AFTER: Duration = Duration::from_millis(100);

/// Sends the lines as messages on a connection of their own.
pub(super) async fn send(
    host: &str,
    addresses: &[SocketAddr],
    tls: ClientConfig,
    payload: &Payload,
) -> Result<Answered, SendError> {
    let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let name = ServerName::try_from(name.to_owned()).map_err(|_| SendError::Settings)?;
    let tcp = tokio::time::timeout(CONNECT_MAX, connect(addresses)).await.map_err(|_| SendError::TooSlow)??;
    let connector = TlsConnector::from(Arc::new(tls));
    let mut stream = connector.connect(name, tcp).await.map_err(|_| SendError::Tls)?;
    let bytes = frames(&payload.lines);
    let (mut reading, mut writing) = tokio::io::split(&mut stream);
    let write = async {
        writing.write_all(&bytes).await?;
        writing.flush().await
    };
    // Whatever comes or ends while we write is no end in order.
    tokio::select! {
        biased;
        written = write => written.map_err(|_| SendError::BrokenOff)?,
        _ = read_to_end(&mut reading) => return Err(SendError::BrokenOff),
    }
    drop((reading, writing));
    tokio::time::timeout(END_MAX, end(&mut stream)).await.map_err(|_| SendError::TooSlow)?
}

/// Octet counting: `LENGTH SP MESSAGE`.
fn frames(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| format!("{} {line}", line.len()).into_bytes()).collect()
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, SendError> {
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(address).await {
            return Ok(stream);
        }
    }
    Err(SendError::Unreachable)
}

async fn read_to_end(reading: &mut (impl tokio::io::AsyncRead + Unpin)) -> std::io::Result<()> {
    let mut some = [0; 1024];
    while reading.read(&mut some).await? > 0 {}
    Ok(())
}

/// Says that nothing more comes, and waits until the other side has ended as well.
async fn end(stream: &mut TlsStream<TcpStream>) -> Result<Answered, SendError> {
    stream.shutdown().await.map_err(|_| SendError::BrokenOff)?;
    match read_to_end(stream).await {
        Ok(()) => {}
        // Many receivers end the connection without a farewell of TLS: nothing more was to come from them.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {}
        Err(_) => return Err(SendError::BrokenOff),
    }
    tokio::time::sleep(SETTLED_AFTER).await;
    match stream.get_ref().0.take_error() {
        Ok(None) => Ok(Answered { what: "taken and ended in order".to_owned(), text: String::new() }),
        Ok(Some(_)) | Err(_) => Err(SendError::BrokenOff),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_counts_bytes_and_not_characters() {
        assert_eq!(frames(&["a".to_owned(), "\u{e9}b".to_owned()]), "1 a3 \u{e9}b".as_bytes());
    }
}
