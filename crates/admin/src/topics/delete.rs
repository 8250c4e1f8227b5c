//! DeleteTopics, asked of the controller.

use bytes::Bytes;
use ottla_core::call::{Progress, Target};
use ottla_core::error::{Outcome, Result};
use ottla_core::retry;
use ottla_core::versions::Versions;
use ottla_protocol::Utf8Bytes;
use ottla_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse};
use ottla_types::{ErrorCode, Topic};

use crate::call::{Ask, Encoded, Items, decoded, encoded, refused};

#[derive(Debug)]
pub(crate) struct DeleteTopics {
    topics: Items<Topic, ()>,
    timeout_ms: i32,
    unanswered: bool,
    lost: bool,
}

impl DeleteTopics {
    pub(crate) fn new(topics: impl IntoIterator<Item = Topic>, timeout_ms: i32) -> Self {
        Self { topics: Items::new(topics), timeout_ms, unanswered: false, lost: false }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.topics.open().next().is_none()
    }
}

impl Ask for DeleteTopics {
    type Answer = Vec<(Topic, Result<()>)>;

    fn target(&self) -> Target {
        Target::Controller
    }

    fn encode(&mut self, versions: &Versions, client_id: Option<&str>) -> Result<Encoded> {
        let version = versions.pick::<DeleteTopicsRequest>()?;
        self.lost |= std::mem::replace(&mut self.unanswered, true);
        let names = self.topics.open().map(|topic| Utf8Bytes::copy_from(topic.name()));
        let mut request = DeleteTopicsRequest { timeout_ms: self.timeout_ms, ..Default::default() };
        // From version 6 on topics may be named by id too, and have a struct each.
        if version >= 6 {
            request.topics = names.map(|name| DeleteTopicState { name: Some(name), ..Default::default() }).collect();
        } else {
            request.topic_names = names.collect();
        }
        encoded(&request, version, client_id)
    }

    fn read(&mut self, version: i16, body: &Bytes) -> Result<Progress> {
        self.unanswered = false;
        let lost = self.lost;
        let response = decoded::<DeleteTopicsResponse>(version, body)?;
        for one in &response.responses {
            let Some(name) = &one.name else { continue };
            let is = |topic: &Topic| *name == *topic.name();
            // A topic that is not there does not come by asking again, whatever is best for other requests.
            if one.error_code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION || !retry::verdict(one.error_code).is_retriable()
            {
                self.topics.decide(is, |topic| {
                    if one.error_code.is_ok() {
                        return Ok(());
                    }
                    let doing = format!("deleting topic {topic}");
                    let error = refused(one.error_code, doing, one.error_message.as_deref());
                    let ours = lost && one.error_code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
                    Err(if ours { error.with_outcome(Outcome::MayHaveHappened) } else { error })
                });
            } else {
                self.topics.settle(is, one.error_code, |_| Ok(()));
            }
        }
        Ok(self.topics.progress())
    }

    fn conclude(self, result: Result<()>) -> Result<Self::Answer> {
        Ok(self.topics.conclude(result, |topic| format!("deleting topic {topic}")))
    }
}

#[cfg(test)]
mod tests;
