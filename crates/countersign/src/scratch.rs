//! What only a scratch instance can do: open a plain listener that nobody declared, so that a visitor sees it found.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// A door that can be opened and closed.
#[derive(Clone)]
pub struct PlainDoor {
    router: Router,
    open: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl PlainDoor {
    /// A closed door to the product.
    #[must_use]
    pub fn new(router: Router) -> Self {
        Self { router, open: Arc::default() }
    }

    /// Opens it; an open one is closed first.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn open(&self, listen: SocketAddr) -> std::io::Result<SocketAddr> {
        self.close().await;
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let service = self.router.clone().into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move {
            if axum::serve(listener, service).await.is_err() {
                tracing::debug!("the undeclared listener ended");
            }
        });
        *self.open.lock().await = Some(serving);
        Ok(address)
    }

    /// Closes it.
    pub async fn close(&self) {
        if let Some(serving) = self.open.lock().await.take() {
            serving.abort();
            // Ended when its socket is closed.
            if let Err(error) = serving.await
                && error.is_panic()
            {
                tracing::debug!("the undeclared listener panicked");
            }
        }
    }
}
