//! Message sets of the formats v0 and v1, which brokers before 0.11 wrote.
