//! Connections to a Kafka cluster on tokio: sockets, clock, timers and jobs for ottla's machines
