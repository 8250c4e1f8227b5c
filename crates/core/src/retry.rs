//! What an error code calls for: the one table of retry verdicts. Nothing else in ottla decides whether a code is retriable.
//!
//! A machine may treat a code more precisely where its own state matters (a producer's sequences, a member's epochs); it
//! never widens or narrows a verdict without such state.

use ottla_types::ErrorCode;

use crate::error::ErrorKind;

/// What to do about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It worked.
    Success,
    /// Ask the same broker again after a pause.
    Retry,
    /// Learn the leader, topic or brokers anew, then ask again.
    RefreshMetadata,
    /// Look up the coordinator anew, then ask again.
    RefreshCoordinator,
    /// Learn the controller anew, then ask again.
    RefreshController,
    /// Asking again gives the same answer.
    Fail,
    /// Not who we say we are.
    Unauthenticated,
    /// Not allowed.
    Unauthorized,
    /// The broker cannot do this.
    Incompatible,
    /// Another instance took our place.
    Fenced,
}

impl Verdict {
    /// Whether asking again later may succeed.
    pub fn is_retriable(self) -> bool {
        matches!(self, Self::Retry | Self::RefreshMetadata | Self::RefreshCoordinator | Self::RefreshController)
    }
}

/// The verdict on a code. A code that this version of ottla does not know fails.
pub fn verdict(code: ErrorCode) -> Verdict {
    listed(code).unwrap_or(Verdict::Fail)
}

/// The kind of error that a code is reported as.
pub fn kind(code: ErrorCode) -> ErrorKind {
    match verdict(code) {
        Verdict::Unauthenticated => ErrorKind::Authentication,
        Verdict::Unauthorized => ErrorKind::Authorization,
        Verdict::Incompatible => ErrorKind::Incompatible,
        Verdict::Fenced => ErrorKind::Fenced,
        Verdict::Success
        | Verdict::Retry
        | Verdict::RefreshMetadata
        | Verdict::RefreshCoordinator
        | Verdict::RefreshController
        | Verdict::Fail => ErrorKind::Broker(code),
    }
}

fn listed(code: ErrorCode) -> Option<Verdict> {
    Some(match code {
        ErrorCode::NONE => Verdict::Success,
        ErrorCode::CORRUPT_MESSAGE
        | ErrorCode::REQUEST_TIMED_OUT
        | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
        | ErrorCode::NOT_ENOUGH_REPLICAS
        | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND
        | ErrorCode::CONCURRENT_TRANSACTIONS
        | ErrorCode::FETCH_SESSION_ID_NOT_FOUND
        | ErrorCode::INVALID_FETCH_SESSION_EPOCH
        | ErrorCode::UNKNOWN_LEADER_EPOCH
        | ErrorCode::OFFSET_NOT_AVAILABLE
        | ErrorCode::UNSTABLE_OFFSET_COMMIT
        | ErrorCode::THROTTLING_QUOTA_EXCEEDED
        | ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR
        | ErrorCode::SHARE_SESSION_NOT_FOUND
        | ErrorCode::INVALID_SHARE_SESSION_EPOCH
        | ErrorCode::SHARE_SESSION_LIMIT_REACHED => Verdict::Retry,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        | ErrorCode::LEADER_NOT_AVAILABLE
        | ErrorCode::NOT_LEADER_OR_FOLLOWER
        | ErrorCode::BROKER_NOT_AVAILABLE
        | ErrorCode::REPLICA_NOT_AVAILABLE
        | ErrorCode::NETWORK_EXCEPTION
        | ErrorCode::KAFKA_STORAGE_ERROR
        | ErrorCode::LISTENER_NOT_FOUND
        | ErrorCode::FENCED_LEADER_EPOCH
        | ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE
        | ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE
        | ErrorCode::UNKNOWN_TOPIC_ID
        | ErrorCode::INCONSISTENT_TOPIC_ID
        | ErrorCode::NEW_LEADER_ELECTED
        | ErrorCode::REBOOTSTRAP_REQUIRED => Verdict::RefreshMetadata,
        ErrorCode::COORDINATOR_NOT_AVAILABLE | ErrorCode::NOT_COORDINATOR => Verdict::RefreshCoordinator,
        ErrorCode::NOT_CONTROLLER => Verdict::RefreshController,
        ErrorCode::UNKNOWN_SERVER_ERROR
        | ErrorCode::OFFSET_OUT_OF_RANGE
        | ErrorCode::INVALID_FETCH_SIZE
        | ErrorCode::MESSAGE_TOO_LARGE
        | ErrorCode::STALE_CONTROLLER_EPOCH
        | ErrorCode::OFFSET_METADATA_TOO_LARGE
        | ErrorCode::INVALID_TOPIC_EXCEPTION
        | ErrorCode::RECORD_LIST_TOO_LARGE
        | ErrorCode::INVALID_REQUIRED_ACKS
        | ErrorCode::ILLEGAL_GENERATION
        | ErrorCode::INCONSISTENT_GROUP_PROTOCOL
        | ErrorCode::INVALID_GROUP_ID
        | ErrorCode::UNKNOWN_MEMBER_ID
        | ErrorCode::INVALID_SESSION_TIMEOUT
        | ErrorCode::REBALANCE_IN_PROGRESS
        | ErrorCode::INVALID_COMMIT_OFFSET_SIZE
        | ErrorCode::INVALID_TIMESTAMP
        | ErrorCode::TOPIC_ALREADY_EXISTS
        | ErrorCode::INVALID_PARTITIONS
        | ErrorCode::INVALID_REPLICATION_FACTOR
        | ErrorCode::INVALID_REPLICA_ASSIGNMENT
        | ErrorCode::INVALID_CONFIG
        | ErrorCode::INVALID_REQUEST
        | ErrorCode::POLICY_VIOLATION
        | ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
        | ErrorCode::DUPLICATE_SEQUENCE_NUMBER
        | ErrorCode::INVALID_PRODUCER_EPOCH
        | ErrorCode::INVALID_TXN_STATE
        | ErrorCode::INVALID_PRODUCER_ID_MAPPING
        | ErrorCode::INVALID_TRANSACTION_TIMEOUT
        | ErrorCode::TRANSACTION_COORDINATOR_FENCED
        | ErrorCode::SECURITY_DISABLED
        | ErrorCode::OPERATION_NOT_ATTEMPTED
        | ErrorCode::LOG_DIR_NOT_FOUND
        | ErrorCode::UNKNOWN_PRODUCER_ID
        | ErrorCode::REASSIGNMENT_IN_PROGRESS
        | ErrorCode::DELEGATION_TOKEN_AUTH_DISABLED
        | ErrorCode::DELEGATION_TOKEN_NOT_FOUND
        | ErrorCode::DELEGATION_TOKEN_OWNER_MISMATCH
        | ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED
        | ErrorCode::INVALID_PRINCIPAL_TYPE
        | ErrorCode::NON_EMPTY_GROUP
        | ErrorCode::GROUP_ID_NOT_FOUND
        | ErrorCode::TOPIC_DELETION_DISABLED
        | ErrorCode::STALE_BROKER_EPOCH
        | ErrorCode::MEMBER_ID_REQUIRED
        | ErrorCode::GROUP_MAX_SIZE_REACHED
        | ErrorCode::ELECTION_NOT_NEEDED
        | ErrorCode::NO_REASSIGNMENT_IN_PROGRESS
        | ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC
        | ErrorCode::INVALID_RECORD
        | ErrorCode::RESOURCE_NOT_FOUND
        | ErrorCode::DUPLICATE_RESOURCE
        | ErrorCode::UNACCEPTABLE_CREDENTIAL
        | ErrorCode::INCONSISTENT_VOTER_SET
        | ErrorCode::INVALID_UPDATE_VERSION
        | ErrorCode::FEATURE_UPDATE_FAILED
        | ErrorCode::PRINCIPAL_DESERIALIZATION_FAILURE
        | ErrorCode::SNAPSHOT_NOT_FOUND
        | ErrorCode::POSITION_OUT_OF_RANGE
        | ErrorCode::DUPLICATE_BROKER_REGISTRATION
        | ErrorCode::BROKER_ID_NOT_REGISTERED
        | ErrorCode::INCONSISTENT_CLUSTER_ID
        | ErrorCode::TRANSACTIONAL_ID_NOT_FOUND
        | ErrorCode::INELIGIBLE_REPLICA
        | ErrorCode::OFFSET_MOVED_TO_TIERED_STORAGE
        | ErrorCode::FENCED_MEMBER_EPOCH
        | ErrorCode::UNRELEASED_INSTANCE_ID
        | ErrorCode::STALE_MEMBER_EPOCH
        | ErrorCode::MISMATCHED_ENDPOINT_TYPE
        | ErrorCode::UNKNOWN_CONTROLLER_ID
        | ErrorCode::UNKNOWN_SUBSCRIPTION_ID
        | ErrorCode::TELEMETRY_TOO_LARGE
        | ErrorCode::INVALID_REGISTRATION
        | ErrorCode::TRANSACTION_ABORTABLE
        | ErrorCode::INVALID_RECORD_STATE
        | ErrorCode::FENCED_STATE_EPOCH
        | ErrorCode::INVALID_VOTER_KEY
        | ErrorCode::DUPLICATE_VOTER
        | ErrorCode::VOTER_NOT_FOUND
        | ErrorCode::INVALID_REGULAR_EXPRESSION
        | ErrorCode::STREAMS_INVALID_TOPOLOGY
        | ErrorCode::STREAMS_INVALID_TOPOLOGY_EPOCH
        | ErrorCode::STREAMS_TOPOLOGY_FENCED => Verdict::Fail,
        ErrorCode::UNSUPPORTED_SASL_MECHANISM
        | ErrorCode::ILLEGAL_SASL_STATE
        | ErrorCode::SASL_AUTHENTICATION_FAILED
        | ErrorCode::DELEGATION_TOKEN_EXPIRED => Verdict::Unauthenticated,
        ErrorCode::TOPIC_AUTHORIZATION_FAILED
        | ErrorCode::GROUP_AUTHORIZATION_FAILED
        | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
        | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED
        | ErrorCode::DELEGATION_TOKEN_AUTHORIZATION_FAILED => Verdict::Unauthorized,
        ErrorCode::UNSUPPORTED_VERSION
        | ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT
        | ErrorCode::UNSUPPORTED_COMPRESSION_TYPE
        | ErrorCode::UNSUPPORTED_ASSIGNOR
        | ErrorCode::UNSUPPORTED_ENDPOINT_TYPE => Verdict::Incompatible,
        ErrorCode::FENCED_INSTANCE_ID | ErrorCode::PRODUCER_FENCED => Verdict::Fenced,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
