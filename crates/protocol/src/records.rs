//! Record batches (format v2) and the older message sets, as they stand in the `records` fields of messages.
