//! The stack and the channels, through a small service of their own.

mod audit;
mod calls;
mod guards;
mod rig;
mod sockets;
mod tls;
