//! `tessera call`: any RPC of any server with JSON, through reflection, so it knows no contract itself.

mod codec;
mod reflect;

use super::output::{print, print_error};
use clap::Args;
use codec::DynamicCodec;
use prost_reflect::{DynamicMessage, MethodDescriptor, SerializeOptions};
use rpc::BoxError;
use std::process::ExitCode;
use tokio_stream::StreamExt;
use tonic::{
    Request, Status,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};

/// The largest answer that is read.
const LARGEST: usize = 64 << 20;

/// Calls any RPC of a running server with JSON.
#[derive(Args)]
pub struct Call {
    /// SERVICE/METHOD: `metadata/ListEntities`, or with the full name of the gRPC service.
    method: String,
    /// The request as JSON; `-` reads standard input.
    #[arg(default_value = "{}")]
    json: String,
    /// gRPC address of the server.
    #[arg(long, default_value = "127.0.0.1:7700")]
    address: String,
    /// Bearer token.
    #[arg(long)]
    token: Option<String>,
}

impl Call {
    /// A call that another command makes.
    pub(super) fn new(
        method: String,
        json: String,
        address: String,
        token: Option<String>,
    ) -> Self {
        Self {
            method,
            json,
            address,
            token,
        }
    }

    pub(super) async fn run(self) -> Result<ExitCode, BoxError> {
        let address = match self.address.contains("://") {
            true => self.address.clone(),
            false => format!("http://{}", self.address),
        };
        let unreachable =
            |cause: tonic::transport::Error| format!("cannot reach {address}: {cause}");
        let channel = Endpoint::from_shared(address.clone())?
            .connect()
            .await
            .map_err(unreachable)?;
        let (service, method) = self.method.rsplit_once('/').ok_or("write SERVICE/METHOD")?;
        let method = reflect::method(channel.clone(), service, method)
            .await
            .map_err(|cause| format!("{address}: {cause}"))?;
        let json = match self.json.as_str() {
            "-" => std::io::read_to_string(std::io::stdin())?,
            _ => self.json.clone(),
        };
        match self.send(channel, method, &json).await {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(Failure::Answer(status)) => {
                explain(*status);
                Ok(ExitCode::FAILURE)
            }
            Err(Failure::Other(cause)) => Err(cause),
        }
    }

    async fn send(
        &self,
        channel: Channel,
        method: MethodDescriptor,
        json: &str,
    ) -> Result<(), Failure> {
        let message = parse(&method, json)?;
        if method.is_client_streaming() {
            return Err(Failure::Other(
                "this method takes a stream of requests; call it from a program".into(),
            ));
        }
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let path = PathAndQuery::try_from(path).map_err(|cause| Failure::Other(cause.into()))?;
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            let value = MetadataValue::try_from(format!("Bearer {token}"))
                .map_err(|cause| Failure::Other(cause.into()))?;
            request.metadata_mut().insert("authorization", value);
        }
        let mut client = Grpc::new(channel).max_decoding_message_size(LARGEST);
        client
            .ready()
            .await
            .map_err(|cause| Failure::Other(cause.into()))?;
        let codec = DynamicCodec::new(method.output());
        if method.is_server_streaming() {
            let mut answers = client
                .server_streaming(request, path, codec)
                .await?
                .into_inner();
            while let Some(answer) = answers.next().await {
                print(&render(&answer?, false)?);
            }
        } else {
            print(&render(
                client.unary(request, path, codec).await?.get_ref(),
                true,
            )?);
        }
        Ok(())
    }
}

/// What ends a call: a status, shown with its details, or something on this side.
enum Failure {
    Answer(Box<Status>),
    Other(BoxError),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Answer(Box::new(status))
    }
}

impl From<BoxError> for Failure {
    fn from(cause: BoxError) -> Self {
        Self::Other(cause)
    }
}

fn parse(method: &MethodDescriptor, json: &str) -> Result<DynamicMessage, BoxError> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let message = DynamicMessage::deserialize(method.input(), &mut reader)
        .and_then(|message| reader.end().map(|()| message))
        .map_err(|cause| format!("the request is no {}: {cause}", method.input().full_name()))?;
    Ok(message)
}

fn render(message: &DynamicMessage, pretty: bool) -> Result<String, BoxError> {
    let mut text = Vec::new();
    let options = SerializeOptions::new();
    if pretty {
        message.serialize_with_options(&mut serde_json::Serializer::pretty(&mut text), &options)?;
    } else {
        message.serialize_with_options(&mut serde_json::Serializer::new(&mut text), &options)?;
    }
    Ok(String::from_utf8(text)?)
}

/// A status with everything a caller can act on.
fn explain(status: Status) {
    let code = format!("{:?}", status.code());
    let error = error::Error::from(status);
    print_error(&format!("{code} {}: {}", error.reason(), error.message()));
    for violation in error.violations() {
        print_error(&format!(
            "  {}: {} ({})",
            violation.field, violation.description, violation.reason
        ));
    }
    for (key, value) in error.metadata() {
        print_error(&format!("  {key} = {value}"));
    }
    if let Some(pause) = error.retry_after() {
        print_error(&format!("  retry after {} ms", pause.as_millis()));
    }
}
