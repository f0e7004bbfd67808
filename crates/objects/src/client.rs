//! How a remote store is spoken to: HTTP/1.1 on pooled connections, TLS by rustls with the machine's own roots.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector as Connector, HttpError, HttpErrorKind, HttpRequest,
        HttpRequestBody, HttpResponse, HttpResponseBody, HttpService,
    },
};
use std::{io, time::Duration};

/// How long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(30);

/// Makes clients with our own limits.
#[derive(Debug, Clone)]
pub(crate) struct Over {
    tls: HttpsConnector<HttpConnector>,
    timeout: Duration,
}

impl Over {
    /// # Errors
    /// If this machine has no root certificates.
    pub(crate) fn new(connect_timeout: Duration, timeout: Duration) -> io::Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(connect_timeout));
        tcp.set_nodelay(true);
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self { tls, timeout })
    }
}

impl Connector for Over {
    /// The options hold limits that we set ourselves.
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(self.tls.clone());
        Ok(HttpClient::new(Http {
            client,
            timeout: self.timeout,
        }))
    }
}

#[derive(Debug)]
struct Http {
    client: Client<HttpsConnector<HttpConnector>, HttpRequestBody>,
    timeout: Duration,
}

/// A request took too long.
#[derive(Debug)]
struct TooLong;

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no answer in time")
    }
}

impl std::error::Error for TooLong {}

/// A store refused what was asked of a bucket. What it says of a single object the library sorts by itself, of several
/// it does not.
#[derive(Debug)]
pub(crate) struct Refused(StatusCode);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "refused with {}", self.0)
    }
}

impl std::error::Error for Refused {}

/// Whether a request is about a bucket or container: lists it, or deletes several of its objects.
fn of_place(method: &Method, query: Option<&str>) -> bool {
    let mut pairs = query.unwrap_or("").split('&');
    match *method {
        Method::GET => pairs.any(|pair| matches!(pair, "list-type=2" | "comp=list")),
        Method::POST => pairs.any(|pair| matches!(pair, "delete" | "delete=" | "comp=batch")),
        _ => false,
    }
}

#[async_trait]
impl HttpService for Http {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let of_place = of_place(request.method(), request.uri().query());
        let answer = tokio::time::timeout(self.timeout, self.client.request(request)).await;
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if error.is_connect() => {
                return Err(HttpError::new(HttpErrorKind::Connect, error));
            }
            Ok(Err(error)) => return Err(HttpError::new(HttpErrorKind::Request, error)),
            Err(_) => return Err(HttpError::new(HttpErrorKind::Timeout, TooLong)),
        };
        let status = answer.status();
        if of_place && matches!(status.as_u16(), 401 | 403 | 404) {
            return Err(HttpError::new(HttpErrorKind::Unknown, Refused(status)));
        }
        let broken = |error| HttpError::new(HttpErrorKind::Interrupted, error);
        Ok(answer.map(|body| {
            let body = body.map_err(broken);
            HttpResponseBody::new(body.map_frame(|frame| frame.map_data(Bytes::from)))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_buckets_are_told_from_those_of_objects() {
        assert!(of_place(&Method::GET, Some("list-type=2&prefix=a%2F")));
        assert!(of_place(&Method::GET, Some("restype=container&comp=list")));
        assert!(of_place(
            &Method::POST,
            Some("restype=container&comp=batch")
        ));
        assert!(of_place(&Method::POST, Some("delete")));
        assert!(!of_place(&Method::PUT, Some("comp=block&blockid=x")));
        assert!(!of_place(&Method::GET, Some("prefix=comp=list")) && !of_place(&Method::GET, None));
    }
}
