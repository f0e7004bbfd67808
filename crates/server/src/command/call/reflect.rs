//! Learns a method's types from the server itself, by gRPC reflection.

use prost::Message;
use prost_reflect::{DescriptorPool, MethodDescriptor};
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use rpc::BoxError;
use std::collections::{BTreeMap, VecDeque};
use tokio_stream::StreamExt;
use tonic::{Code, transport::Channel};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

/// The method of a service, by the service's full name or its short one (`metadata`).
pub(super) async fn method(
    channel: Channel,
    service: &str,
    method: &str,
) -> Result<MethodDescriptor, BoxError> {
    let mut client = ServerReflectionClient::new(channel).max_decoding_message_size(super::LARGEST);
    let service = full_name(&mut client, service).await?;
    let pool = pool(&mut client, &service).await?;
    let descriptor = pool
        .get_service_by_name(&service)
        .ok_or_else(|| format!("no service {service}"))?;
    let methods: Vec<_> = descriptor.methods().collect();
    methods
        .iter()
        .find(|known| known.name() == method)
        .cloned()
        .ok_or_else(|| {
            let names: Vec<_> = methods.iter().map(MethodDescriptor::name).collect();
            format!(
                "{service} has no method {method}; it has {}",
                names.join(", ")
            )
            .into()
        })
}

async fn full_name(
    client: &mut ServerReflectionClient<Channel>,
    service: &str,
) -> Result<String, BoxError> {
    if service.contains('.') {
        return Ok(service.to_owned());
    }
    let MessageResponse::ListServicesResponse(list) =
        ask(client, MessageRequest::ListServices(String::new())).await?
    else {
        return Err("the server does not list its services".into());
    };
    let names: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    names
        .iter()
        .find(|name| name.split('.').nth(1) == Some(service))
        .cloned()
        .ok_or_else(|| {
            format!(
                "the server has no service {service:?}; it has {}",
                names.join(", ")
            )
            .into()
        })
}

/// Everything the service's file needs, fetched file by file.
async fn pool(
    client: &mut ServerReflectionClient<Channel>,
    service: &str,
) -> Result<DescriptorPool, BoxError> {
    let mut files: BTreeMap<String, FileDescriptorProto> = BTreeMap::new();
    let mut wanted = VecDeque::from([MessageRequest::FileContainingSymbol(service.to_owned())]);
    while let Some(request) = wanted.pop_front() {
        if let MessageRequest::FileByFilename(name) = &request
            && files.contains_key(name)
        {
            continue;
        }
        let MessageResponse::FileDescriptorResponse(answer) = ask(client, request).await? else {
            return Err(format!("the server does not describe {service}").into());
        };
        for bytes in answer.file_descriptor_proto {
            let file = FileDescriptorProto::decode(bytes.as_slice())?;
            wanted.extend(
                file.dependency
                    .iter()
                    .cloned()
                    .map(MessageRequest::FileByFilename),
            );
            files.insert(file.name().to_owned(), file);
        }
    }
    let set = FileDescriptorSet {
        file: files.into_values().collect(),
    };
    Ok(DescriptorPool::from_file_descriptor_set(set)?)
}

async fn ask(
    client: &mut ServerReflectionClient<Channel>,
    request: MessageRequest,
) -> Result<MessageResponse, BoxError> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(request),
    };
    let answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .map_err(|status| match status.code() {
            Code::Unimplemented => "it offers no gRPC reflection".to_owned(),
            _ => status.to_string(),
        })?;
    let answer = answers
        .into_inner()
        .next()
        .await
        .ok_or("the server ended the reflection early")??;
    match answer.message_response {
        Some(MessageResponse::ErrorResponse(refusal)) => Err(refusal.error_message.into()),
        Some(message) => Ok(message),
        None => Err("the server gave an empty answer".into()),
    }
}
