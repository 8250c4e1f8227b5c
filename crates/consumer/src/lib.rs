//! Kafka consumer: fetching, positions, delivery
