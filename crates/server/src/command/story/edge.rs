//! The JSON edge as a story uses it: plain HTTP with a bearer token.

use reqwest::{Client, Method};
use rpc::BoxError;
use serde_json::Value;
use std::time::Duration;

/// A client of the JSON edge.
pub(super) struct EdgeClient {
    http: Client,
    base: String,
    token: String,
}

impl EdgeClient {
    pub(super) fn new(address: &str, token: &str) -> Result<Self, BoxError> {
        let base = match address.contains("://") {
            true => address.trim_end_matches('/').to_owned(),
            false => format!("http://{address}"),
        };
        let http = Client::builder()
            .timeout(Duration::from_secs(120))
            .build()?;
        Ok(Self {
            http,
            base,
            token: token.to_owned(),
        })
    }

    /// The answer of a GET.
    pub(super) async fn get(&self, path: &str) -> Result<Value, BoxError> {
        self.expect_success(Method::GET, path, None).await
    }

    /// The answer of a POST.
    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Value, BoxError> {
        self.expect_success(Method::POST, path, Some(body)).await
    }

    /// All messages of a stream, once it has ended.
    pub(super) async fn lines(&self, path: &str) -> Result<Vec<Value>, BoxError> {
        let request = self
            .http
            .get(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("accept", "application/x-ndjson");
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            return Err(format!("GET {path}: HTTP {}: {text}", status.as_u16()).into());
        }
        let lines = text.lines().filter(|line| !line.is_empty());
        Ok(lines.map(serde_json::from_str).collect::<Result<_, _>>()?)
    }

    /// HTTP status and answer of any call, also of one that is refused.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value), BoxError> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        let json = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text)?
        };
        Ok((status, json))
    }

    async fn expect_success(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, BoxError> {
        let line = format!("{method} {path}");
        match self.send(method, path, body).await? {
            (200..=299, answer) => Ok(answer),
            (status, refusal) => Err(format!("{line}: HTTP {status}: {refusal}").into()),
        }
    }
}
