//! The consumer's settings, and the check that they go together.

use std::time::Duration;

use ottla_core::backoff::BackoffPolicy;
use ottla_core::config::Violations;
use ottla_core::error::Result;
use ottla_core::settings;

use crate::isolation::IsolationLevel;
use crate::offset_reset::OffsetReset;

settings! {
    /// Settings of a consumer. The defaults are Kafka's, but for `auto.offset.reset`.
    pub struct ConsumerConfig {
        /// A broker answers a fetch once it has this many bytes, or when [`fetch_max_wait`](Self::fetch_max_wait) is over.
        fetch_min_bytes: i32 = 1, "fetch.min.bytes";
        /// How long a broker waits for [`fetch_min_bytes`](Self::fetch_min_bytes) before it answers with what there is.
        /// Apart from any socket timeout.
        fetch_max_wait: Duration = Duration::from_millis(500), "fetch.max.wait.ms" | "fetch.wait.max.ms";
        /// The most bytes that one fetch from one broker asks for; never more than a sixteenth of
        /// [`fetch_buffer_bytes`](Self::fetch_buffer_bytes), or one partition's worth. A larger record batch comes all the
        /// same, alone.
        fetch_max_bytes: usize = 50 * 1024 * 1024, "fetch.max.bytes";
        /// The most bytes of one partition in one fetch. A larger record batch comes all the same, alone.
        max_partition_fetch_bytes: usize = 1024 * 1024, "max.partition.fetch.bytes" | "fetch.message.max.bytes";
        /// Whether records of transactions that are open or aborted are handed out.
        isolation_level: IsolationLevel = IsolationLevel::ReadUncommitted, "isolation.level";
        /// Where to go on when the position is outside of what the partition holds, or was truncated away. Kafka's own
        /// default is `latest`, which passes over all that was not read yet; `nearest` passes over nothing that still exists.
        auto_offset_reset: OffsetReset = OffsetReset::Nearest, "auto.offset.reset";
        /// Bytes that the consumer may hold: asked for from brokers, received, or decompressed, and not yet handed over. What
        /// the application keeps does not count. One record batch larger than this is still delivered, alone. Kin to
        /// librdkafka's `queued.max.messages.kbytes`, for the whole consumer and in bytes.
        fetch_buffer_bytes: usize = 64 * 1024 * 1024, "fetch.buffer.bytes";
        /// Whether the CRC of every record batch is checked. It costs 4 ms of CPU per 100 MB.
        check_crcs: bool = true, "check.crcs";
        /// From sending a request to its answer, beside the time that the request lets the broker wait. Past it the
        /// connection is closed and the request repeated.
        request_timeout: Duration = Duration::from_secs(30), "request.timeout.ms" | "socket.timeout.ms";
        /// The first pause after a failure.
        retry_backoff: Duration = Duration::from_millis(100), "retry.backoff.ms" | "fetch.error.backoff.ms";
        /// The longest pause after repeated failures.
        retry_backoff_max: Duration = Duration::from_secs(1), "retry.backoff.max.ms";
        /// Where this consumer runs: a follower with the same `broker.rack` is then read in place of the leader, if the
        /// brokers have a replica selector (KIP-392).
        client_rack: Option<String> = None, "client.rack";
        /// Whether asking for a topic's metadata may create it on the broker. Kafka's Java consumer has `true`.
        allow_auto_create_topics: bool = false, "allow.auto.create.topics";
        /// How long brokers may say that a topic or partition does not exist before its partitions fail. Within it a topic
        /// that was just created becomes known everywhere.
        unknown_topic_timeout: Duration = Duration::from_secs(5), "topic.metadata.propagation.max.ms";
        /// How long the very first answer about a topic may take before its partitions fail.
        default_api_timeout: Duration = Duration::from_secs(60), "default.api.timeout.ms";
    }
}

impl ConsumerConfig {
    /// How failures are paced.
    pub(crate) fn backoff(&self) -> BackoffPolicy {
        BackoffPolicy { initial: self.retry_backoff, max: self.retry_backoff_max }
    }

    /// Checks that the values are allowed.
    ///
    /// # Errors
    /// `Config`, naming every violation.
    pub(crate) fn validate(&self) -> Result<()> {
        let mut violations = Violations::new();
        let most = i32::MAX.unsigned_abs() as usize;
        violations.require(self.fetch_min_bytes >= 0, "fetch.min.bytes", self.fetch_min_bytes, "must not be negative");
        for (key, value) in
            [("fetch.max.bytes", self.fetch_max_bytes), ("max.partition.fetch.bytes", self.max_partition_fetch_bytes)]
        {
            violations.require((1..=most).contains(&value), key, value, format_args!("must be from 1 to {most}"));
        }
        violations.require(
            self.fetch_buffer_bytes >= 1,
            "fetch.buffer.bytes",
            self.fetch_buffer_bytes,
            "must be at least 1",
        );
        violations.require(
            self.fetch_max_wait.as_millis() <= most as u128,
            "fetch.max.wait.ms",
            self.fetch_max_wait.as_millis(),
            format_args!("must be at most {most}"),
        );
        for (key, value) in
            [("request.timeout.ms", self.request_timeout), ("default.api.timeout.ms", self.default_api_timeout)]
        {
            violations.require(!value.is_zero(), key, value.as_millis(), "must be more than 0");
        }
        violations.require(
            self.retry_backoff <= self.retry_backoff_max,
            "retry.backoff.ms",
            self.retry_backoff.as_millis(),
            "must not be more than `retry.backoff.max.ms`",
        );
        violations.finish()
    }
}

#[cfg(test)]
mod tests;
