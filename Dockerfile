# syntax=docker/dockerfile:1
# The binary alone on a small Debian: no shell is needed to run it, and it does not run as root.
ARG DEBIAN=bookworm

FROM rust:1.95-slim-${DEBIAN} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev make perl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build \
    CARGO_TARGET_DIR=/build cargo build --locked --release --package tessera-server --bin tessera \
    && install -D /build/release/tessera /out/tessera \
    && install -d -o 65532 -g 65532 /out/data

# Of the distroless images the smallest with libc and libgcc.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="Tessera" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/tessera /usr/local/bin/tessera
COPY --from=build --chown=65532:65532 /out/data /var/lib/tessera
USER 65532:65532
VOLUME /var/lib/tessera
# gRPC, and the JSON edge.
EXPOSE 7700 8080
ENTRYPOINT ["tessera"]
CMD ["serve", "--data", "/var/lib/tessera", "--grpc", "0.0.0.0:7700", "--http", "0.0.0.0:8080"]
