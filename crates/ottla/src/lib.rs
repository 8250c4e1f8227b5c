//! A fast Kafka client in pure Rust, asynchronous on tokio
