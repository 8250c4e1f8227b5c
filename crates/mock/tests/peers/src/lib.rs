//! librdkafka against the mock cluster: all of it is in `tests/`.
