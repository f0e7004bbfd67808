//! What is done inside the Redis server, where it happens in one piece: each script with the log's two keys.

use redis_pool::{
    Connection,
    redis::{FromRedisValue, RedisResult, Script, ScriptInvocation},
};

const HEAD: &str = include_str!("head.lua");

/// The scripts and the keys that they work on.
pub(super) struct Scripts {
    log: String,
    head: String,
    append: Script,
    read: Script,
    find: Script,
    trim: Script,
    bounds: Script,
}

impl Scripts {
    /// For the log of this name. The braces keep both keys on one node of a cluster.
    pub(super) fn new(name: &str) -> Self {
        let script = |text| Script::new(&format!("{HEAD}{text}"));
        Self {
            log: format!("{{{name}}}:log"),
            head: format!("{{{name}}}:head"),
            append: script(include_str!("append.lua")),
            read: script(include_str!("read.lua")),
            find: script(include_str!("find.lua")),
            trim: script(include_str!("trim.lua")),
            bounds: script(include_str!("bounds.lua")),
        }
    }

    /// The key of the stream.
    pub(super) fn log(&self) -> &str {
        &self.log
    }

    fn on_log<'script>(&self, script: &'script Script) -> ScriptInvocation<'script> {
        let mut call = script.prepare_invoke();
        call.key(&self.log).key(&self.head);
        call
    }

    /// Appends bodies; see the script for the arguments.
    pub(super) async fn append(
        &self,
        mut connection: Connection,
        (time, lowest, batch, seek): (i64, u64, &str, Option<u64>),
        bodies: &[bytes::Bytes],
    ) -> RedisResult<u64> {
        let mut call = self.on_log(&self.append);
        let seek = seek.map(|position| position.to_string());
        call.arg(time).arg(lowest).arg(batch);
        call.arg(seek.unwrap_or_default());
        for body in bodies {
            call.arg(&body[..]);
        }
        call.invoke_async(&mut connection).await
    }

    /// Reads records: the oldest and the newest position, then three values for each record.
    pub(super) async fn read(
        &self,
        connection: Connection,
        from: u64,
        records: usize,
        bytes: usize,
    ) -> RedisResult<Vec<Vec<u8>>> {
        let mut call = self.on_log(&self.read);
        call.arg(from).arg(records).arg(bytes);
        run(call, connection).await
    }

    /// The first record as young as this time, in microseconds.
    pub(super) async fn as_young(&self, connection: Connection, time: i64) -> RedisResult<u64> {
        let mut call = self.on_log(&self.find);
        call.arg("t").arg(time);
        run(call, connection).await
    }

    /// The first record with which the rest of the log takes no more than these bytes.
    pub(super) async fn as_small(&self, connection: Connection, bytes: u64) -> RedisResult<u64> {
        let mut call = self.on_log(&self.find);
        call.arg("c").arg(bytes);
        run(call, connection).await
    }

    /// Drops records before a position, some positions at most.
    pub(super) async fn trim(
        &self,
        connection: Connection,
        before: u64,
        most: u64,
    ) -> RedisResult<u64> {
        let mut call = self.on_log(&self.trim);
        call.arg(before).arg(most);
        run(call, connection).await
    }

    /// The oldest position, the newest one, and the bytes of all bodies.
    pub(super) async fn bounds(&self, connection: Connection) -> RedisResult<(u64, u64, u64)> {
        run(self.on_log(&self.bounds), connection).await
    }
}

async fn run<T: FromRedisValue>(
    call: ScriptInvocation<'_>,
    mut connection: Connection,
) -> RedisResult<T> {
    call.invoke_async(&mut connection).await
}
