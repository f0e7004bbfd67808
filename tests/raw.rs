//! gRPC calls of bytes, for what no generated client would send.

use bytes::{Buf, BufMut, Bytes};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    transport::Channel,
};

#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// Sends bytes to a method, as whoever the token names.
pub(crate) async fn call(
    channel: &Channel,
    path: &'static str,
    token: Option<&str>,
    body: &[u8],
) -> Result<Bytes, Status> {
    let mut request = Request::new(Bytes::copy_from_slice(body));
    if let Some(token) = token {
        let value = format!("Bearer {token}")
            .parse()
            .expect("a token is a header value");
        request.metadata_mut().insert("authorization", value);
    }
    let mut client = Grpc::new(channel.clone());
    client.ready().await.expect("the connection stands");
    Ok(client
        .unary(request, PathAndQuery::from_static(path), Raw)
        .await?
        .into_inner())
}

/// The reason in a status.
pub(crate) fn reason(status: &Status) -> String {
    error::Error::from(status.clone()).reason().to_owned()
}
