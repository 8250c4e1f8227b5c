//! An in-process Kafka cluster with scripted faults, for tests
