//! Creating, listing, describing and deleting topics.

mod create;
mod delete;
mod describe;

pub use create::{CreatedTopic, NewTopic};
pub use describe::{PartitionDescription, TopicDescription, TopicListing};

pub(crate) use create::CreateTopics;
pub(crate) use delete::DeleteTopics;
pub(crate) use describe::{DescribeTopics, ListTopics};
