//! The table of APIs.

use crate::VersionRange;
use crate::api_key::{ApiInfo, ApiKey};

impl ApiKey {
    /// Produce (0), versions 0-13.
    pub const PRODUCE: Self = Self(0);
    /// Fetch (1), versions 0-18.
    pub const FETCH: Self = Self(1);
    /// ListOffsets (2), versions 0-11.
    pub const LIST_OFFSETS: Self = Self(2);
    /// Metadata (3), versions 0-13.
    pub const METADATA: Self = Self(3);
    /// LeaderAndIsr (4), versions 0-7.
    pub const LEADER_AND_ISR: Self = Self(4);
    /// StopReplica (5), versions 0-4.
    pub const STOP_REPLICA: Self = Self(5);
    /// UpdateMetadata (6), versions 0-8.
    pub const UPDATE_METADATA: Self = Self(6);
    /// ControlledShutdown (7), versions 0-3.
    pub const CONTROLLED_SHUTDOWN: Self = Self(7);
    /// OffsetCommit (8), versions 0-10.
    pub const OFFSET_COMMIT: Self = Self(8);
    /// OffsetFetch (9), versions 0-10.
    pub const OFFSET_FETCH: Self = Self(9);
    /// FindCoordinator (10), versions 0-6.
    pub const FIND_COORDINATOR: Self = Self(10);
    /// JoinGroup (11), versions 0-9.
    pub const JOIN_GROUP: Self = Self(11);
    /// Heartbeat (12), versions 0-4.
    pub const HEARTBEAT: Self = Self(12);
    /// LeaveGroup (13), versions 0-5.
    pub const LEAVE_GROUP: Self = Self(13);
    /// SyncGroup (14), versions 0-5.
    pub const SYNC_GROUP: Self = Self(14);
    /// DescribeGroups (15), versions 0-6.
    pub const DESCRIBE_GROUPS: Self = Self(15);
    /// ListGroups (16), versions 0-5.
    pub const LIST_GROUPS: Self = Self(16);
    /// SaslHandshake (17), versions 0-1.
    pub const SASL_HANDSHAKE: Self = Self(17);
    /// ApiVersions (18), versions 0-4.
    pub const API_VERSIONS: Self = Self(18);
    /// CreateTopics (19), versions 0-7.
    pub const CREATE_TOPICS: Self = Self(19);
    /// DeleteTopics (20), versions 0-6.
    pub const DELETE_TOPICS: Self = Self(20);
    /// DeleteRecords (21), versions 0-2.
    pub const DELETE_RECORDS: Self = Self(21);
    /// InitProducerId (22), versions 0-6.
    pub const INIT_PRODUCER_ID: Self = Self(22);
    /// OffsetForLeaderEpoch (23), versions 0-4.
    pub const OFFSET_FOR_LEADER_EPOCH: Self = Self(23);
    /// AddPartitionsToTxn (24), versions 0-5.
    pub const ADD_PARTITIONS_TO_TXN: Self = Self(24);
    /// AddOffsetsToTxn (25), versions 0-4.
    pub const ADD_OFFSETS_TO_TXN: Self = Self(25);
    /// EndTxn (26), versions 0-5.
    pub const END_TXN: Self = Self(26);
    /// WriteTxnMarkers (27), versions 0-2.
    pub const WRITE_TXN_MARKERS: Self = Self(27);
    /// TxnOffsetCommit (28), versions 0-5.
    pub const TXN_OFFSET_COMMIT: Self = Self(28);
    /// DescribeAcls (29), versions 0-3.
    pub const DESCRIBE_ACLS: Self = Self(29);
    /// CreateAcls (30), versions 0-3.
    pub const CREATE_ACLS: Self = Self(30);
    /// DeleteAcls (31), versions 0-3.
    pub const DELETE_ACLS: Self = Self(31);
    /// DescribeConfigs (32), versions 0-4.
    pub const DESCRIBE_CONFIGS: Self = Self(32);
    /// AlterConfigs (33), versions 0-2.
    pub const ALTER_CONFIGS: Self = Self(33);
    /// AlterReplicaLogDirs (34), versions 0-2.
    pub const ALTER_REPLICA_LOG_DIRS: Self = Self(34);
    /// DescribeLogDirs (35), versions 0-5.
    pub const DESCRIBE_LOG_DIRS: Self = Self(35);
    /// SaslAuthenticate (36), versions 0-2.
    pub const SASL_AUTHENTICATE: Self = Self(36);
    /// CreatePartitions (37), versions 0-3.
    pub const CREATE_PARTITIONS: Self = Self(37);
    /// CreateDelegationToken (38), versions 0-3.
    pub const CREATE_DELEGATION_TOKEN: Self = Self(38);
    /// RenewDelegationToken (39), versions 0-2.
    pub const RENEW_DELEGATION_TOKEN: Self = Self(39);
    /// ExpireDelegationToken (40), versions 0-2.
    pub const EXPIRE_DELEGATION_TOKEN: Self = Self(40);
    /// DescribeDelegationToken (41), versions 0-3.
    pub const DESCRIBE_DELEGATION_TOKEN: Self = Self(41);
    /// DeleteGroups (42), versions 0-2.
    pub const DELETE_GROUPS: Self = Self(42);
    /// ElectLeaders (43), versions 0-2.
    pub const ELECT_LEADERS: Self = Self(43);
    /// IncrementalAlterConfigs (44), versions 0-1.
    pub const INCREMENTAL_ALTER_CONFIGS: Self = Self(44);
    /// AlterPartitionReassignments (45), versions 0-1.
    pub const ALTER_PARTITION_REASSIGNMENTS: Self = Self(45);
    /// ListPartitionReassignments (46), versions 0-0.
    pub const LIST_PARTITION_REASSIGNMENTS: Self = Self(46);
    /// OffsetDelete (47), versions 0-0.
    pub const OFFSET_DELETE: Self = Self(47);
    /// DescribeClientQuotas (48), versions 0-1.
    pub const DESCRIBE_CLIENT_QUOTAS: Self = Self(48);
    /// AlterClientQuotas (49), versions 0-1.
    pub const ALTER_CLIENT_QUOTAS: Self = Self(49);
    /// DescribeUserScramCredentials (50), versions 0-0.
    pub const DESCRIBE_USER_SCRAM_CREDENTIALS: Self = Self(50);
    /// AlterUserScramCredentials (51), versions 0-0.
    pub const ALTER_USER_SCRAM_CREDENTIALS: Self = Self(51);
    /// Vote (52), versions 0-2.
    pub const VOTE: Self = Self(52);
    /// BeginQuorumEpoch (53), versions 0-1.
    pub const BEGIN_QUORUM_EPOCH: Self = Self(53);
    /// EndQuorumEpoch (54), versions 0-1.
    pub const END_QUORUM_EPOCH: Self = Self(54);
    /// DescribeQuorum (55), versions 0-2.
    pub const DESCRIBE_QUORUM: Self = Self(55);
    /// AlterPartition (56), versions 0-3.
    pub const ALTER_PARTITION: Self = Self(56);
    /// UpdateFeatures (57), versions 0-2.
    pub const UPDATE_FEATURES: Self = Self(57);
    /// Envelope (58), versions 0-0.
    pub const ENVELOPE: Self = Self(58);
    /// FetchSnapshot (59), versions 0-1.
    pub const FETCH_SNAPSHOT: Self = Self(59);
    /// DescribeCluster (60), versions 0-2.
    pub const DESCRIBE_CLUSTER: Self = Self(60);
    /// DescribeProducers (61), versions 0-0.
    pub const DESCRIBE_PRODUCERS: Self = Self(61);
    /// BrokerRegistration (62), versions 0-4.
    pub const BROKER_REGISTRATION: Self = Self(62);
    /// BrokerHeartbeat (63), versions 0-2.
    pub const BROKER_HEARTBEAT: Self = Self(63);
    /// UnregisterBroker (64), versions 0-0.
    pub const UNREGISTER_BROKER: Self = Self(64);
    /// DescribeTransactions (65), versions 0-0.
    pub const DESCRIBE_TRANSACTIONS: Self = Self(65);
    /// ListTransactions (66), versions 0-2.
    pub const LIST_TRANSACTIONS: Self = Self(66);
    /// AllocateProducerIds (67), versions 0-0.
    pub const ALLOCATE_PRODUCER_IDS: Self = Self(67);
    /// ConsumerGroupHeartbeat (68), versions 0-1.
    pub const CONSUMER_GROUP_HEARTBEAT: Self = Self(68);
    /// ConsumerGroupDescribe (69), versions 0-1.
    pub const CONSUMER_GROUP_DESCRIBE: Self = Self(69);
    /// ControllerRegistration (70), versions 0-0.
    pub const CONTROLLER_REGISTRATION: Self = Self(70);
    /// GetTelemetrySubscriptions (71), versions 0-0.
    pub const GET_TELEMETRY_SUBSCRIPTIONS: Self = Self(71);
    /// PushTelemetry (72), versions 0-0.
    pub const PUSH_TELEMETRY: Self = Self(72);
    /// AssignReplicasToDirs (73), versions 0-0.
    pub const ASSIGN_REPLICAS_TO_DIRS: Self = Self(73);
    /// ListConfigResources (74), versions 0-1.
    pub const LIST_CONFIG_RESOURCES: Self = Self(74);
    /// DescribeTopicPartitions (75), versions 0-0.
    pub const DESCRIBE_TOPIC_PARTITIONS: Self = Self(75);
    /// ShareGroupHeartbeat (76), versions 0-1.
    pub const SHARE_GROUP_HEARTBEAT: Self = Self(76);
    /// ShareGroupDescribe (77), versions 0-1.
    pub const SHARE_GROUP_DESCRIBE: Self = Self(77);
    /// ShareFetch (78), versions 0-2.
    pub const SHARE_FETCH: Self = Self(78);
    /// ShareAcknowledge (79), versions 0-2.
    pub const SHARE_ACKNOWLEDGE: Self = Self(79);
    /// AddRaftVoter (80), versions 0-1.
    pub const ADD_RAFT_VOTER: Self = Self(80);
    /// RemoveRaftVoter (81), versions 0-0.
    pub const REMOVE_RAFT_VOTER: Self = Self(81);
    /// UpdateRaftVoter (82), versions 0-0.
    pub const UPDATE_RAFT_VOTER: Self = Self(82);
    /// InitializeShareGroupState (83), versions 0-0.
    pub const INITIALIZE_SHARE_GROUP_STATE: Self = Self(83);
    /// ReadShareGroupState (84), versions 0-0.
    pub const READ_SHARE_GROUP_STATE: Self = Self(84);
    /// WriteShareGroupState (85), versions 0-1.
    pub const WRITE_SHARE_GROUP_STATE: Self = Self(85);
    /// DeleteShareGroupState (86), versions 0-0.
    pub const DELETE_SHARE_GROUP_STATE: Self = Self(86);
    /// ReadShareGroupStateSummary (87), versions 0-1.
    pub const READ_SHARE_GROUP_STATE_SUMMARY: Self = Self(87);
    /// StreamsGroupHeartbeat (88), versions 0-0.
    pub const STREAMS_GROUP_HEARTBEAT: Self = Self(88);
    /// StreamsGroupDescribe (89), versions 0-0.
    pub const STREAMS_GROUP_DESCRIBE: Self = Self(89);
    /// DescribeShareGroupOffsets (90), versions 0-1.
    pub const DESCRIBE_SHARE_GROUP_OFFSETS: Self = Self(90);
    /// AlterShareGroupOffsets (91), versions 0-0.
    pub const ALTER_SHARE_GROUP_OFFSETS: Self = Self(91);
    /// DeleteShareGroupOffsets (92), versions 0-0.
    pub const DELETE_SHARE_GROUP_OFFSETS: Self = Self(92);
    /// Every API, by key.
    pub const ALL: &'static [Self] = &[
        Self::PRODUCE,
        Self::FETCH,
        Self::LIST_OFFSETS,
        Self::METADATA,
        Self::LEADER_AND_ISR,
        Self::STOP_REPLICA,
        Self::UPDATE_METADATA,
        Self::CONTROLLED_SHUTDOWN,
        Self::OFFSET_COMMIT,
        Self::OFFSET_FETCH,
        Self::FIND_COORDINATOR,
        Self::JOIN_GROUP,
        Self::HEARTBEAT,
        Self::LEAVE_GROUP,
        Self::SYNC_GROUP,
        Self::DESCRIBE_GROUPS,
        Self::LIST_GROUPS,
        Self::SASL_HANDSHAKE,
        Self::API_VERSIONS,
        Self::CREATE_TOPICS,
        Self::DELETE_TOPICS,
        Self::DELETE_RECORDS,
        Self::INIT_PRODUCER_ID,
        Self::OFFSET_FOR_LEADER_EPOCH,
        Self::ADD_PARTITIONS_TO_TXN,
        Self::ADD_OFFSETS_TO_TXN,
        Self::END_TXN,
        Self::WRITE_TXN_MARKERS,
        Self::TXN_OFFSET_COMMIT,
        Self::DESCRIBE_ACLS,
        Self::CREATE_ACLS,
        Self::DELETE_ACLS,
        Self::DESCRIBE_CONFIGS,
        Self::ALTER_CONFIGS,
        Self::ALTER_REPLICA_LOG_DIRS,
        Self::DESCRIBE_LOG_DIRS,
        Self::SASL_AUTHENTICATE,
        Self::CREATE_PARTITIONS,
        Self::CREATE_DELEGATION_TOKEN,
        Self::RENEW_DELEGATION_TOKEN,
        Self::EXPIRE_DELEGATION_TOKEN,
        Self::DESCRIBE_DELEGATION_TOKEN,
        Self::DELETE_GROUPS,
        Self::ELECT_LEADERS,
        Self::INCREMENTAL_ALTER_CONFIGS,
        Self::ALTER_PARTITION_REASSIGNMENTS,
        Self::LIST_PARTITION_REASSIGNMENTS,
        Self::OFFSET_DELETE,
        Self::DESCRIBE_CLIENT_QUOTAS,
        Self::ALTER_CLIENT_QUOTAS,
        Self::DESCRIBE_USER_SCRAM_CREDENTIALS,
        Self::ALTER_USER_SCRAM_CREDENTIALS,
        Self::VOTE,
        Self::BEGIN_QUORUM_EPOCH,
        Self::END_QUORUM_EPOCH,
        Self::DESCRIBE_QUORUM,
        Self::ALTER_PARTITION,
        Self::UPDATE_FEATURES,
        Self::ENVELOPE,
        Self::FETCH_SNAPSHOT,
        Self::DESCRIBE_CLUSTER,
        Self::DESCRIBE_PRODUCERS,
        Self::BROKER_REGISTRATION,
        Self::BROKER_HEARTBEAT,
        Self::UNREGISTER_BROKER,
        Self::DESCRIBE_TRANSACTIONS,
        Self::LIST_TRANSACTIONS,
        Self::ALLOCATE_PRODUCER_IDS,
        Self::CONSUMER_GROUP_HEARTBEAT,
        Self::CONSUMER_GROUP_DESCRIBE,
        Self::CONTROLLER_REGISTRATION,
        Self::GET_TELEMETRY_SUBSCRIPTIONS,
        Self::PUSH_TELEMETRY,
        Self::ASSIGN_REPLICAS_TO_DIRS,
        Self::LIST_CONFIG_RESOURCES,
        Self::DESCRIBE_TOPIC_PARTITIONS,
        Self::SHARE_GROUP_HEARTBEAT,
        Self::SHARE_GROUP_DESCRIBE,
        Self::SHARE_FETCH,
        Self::SHARE_ACKNOWLEDGE,
        Self::ADD_RAFT_VOTER,
        Self::REMOVE_RAFT_VOTER,
        Self::UPDATE_RAFT_VOTER,
        Self::INITIALIZE_SHARE_GROUP_STATE,
        Self::READ_SHARE_GROUP_STATE,
        Self::WRITE_SHARE_GROUP_STATE,
        Self::DELETE_SHARE_GROUP_STATE,
        Self::READ_SHARE_GROUP_STATE_SUMMARY,
        Self::STREAMS_GROUP_HEARTBEAT,
        Self::STREAMS_GROUP_DESCRIBE,
        Self::DESCRIBE_SHARE_GROUP_OFFSETS,
        Self::ALTER_SHARE_GROUP_OFFSETS,
        Self::DELETE_SHARE_GROUP_OFFSETS,
    ];
    pub(crate) const TABLE: &'static [ApiInfo] = &[
        ApiInfo {
            key: Self(0),
            name: "Produce",
            versions: VersionRange::new(0, 13),
            latest_stable: 13,
            flexible_from: Some(9),
        },
        ApiInfo {
            key: Self(1),
            name: "Fetch",
            versions: VersionRange::new(0, 18),
            latest_stable: 18,
            flexible_from: Some(12),
        },
        ApiInfo {
            key: Self(2),
            name: "ListOffsets",
            versions: VersionRange::new(0, 11),
            latest_stable: 11,
            flexible_from: Some(6),
        },
        ApiInfo {
            key: Self(3),
            name: "Metadata",
            versions: VersionRange::new(0, 13),
            latest_stable: 13,
            flexible_from: Some(9),
        },
        ApiInfo {
            key: Self(4),
            name: "LeaderAndIsr",
            versions: VersionRange::new(0, 7),
            latest_stable: 7,
            flexible_from: Some(4),
        },
        ApiInfo {
            key: Self(5),
            name: "StopReplica",
            versions: VersionRange::new(0, 4),
            latest_stable: 4,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(6),
            name: "UpdateMetadata",
            versions: VersionRange::new(0, 8),
            latest_stable: 8,
            flexible_from: Some(6),
        },
        ApiInfo {
            key: Self(7),
            name: "ControlledShutdown",
            versions: VersionRange::new(0, 3),
            latest_stable: 3,
            flexible_from: Some(3),
        },
        ApiInfo {
            key: Self(8),
            name: "OffsetCommit",
            versions: VersionRange::new(0, 10),
            latest_stable: 10,
            flexible_from: Some(8),
        },
        ApiInfo {
            key: Self(9),
            name: "OffsetFetch",
            versions: VersionRange::new(0, 10),
            latest_stable: 10,
            flexible_from: Some(6),
        },
        ApiInfo {
            key: Self(10),
            name: "FindCoordinator",
            versions: VersionRange::new(0, 6),
            latest_stable: 6,
            flexible_from: Some(3),
        },
        ApiInfo {
            key: Self(11),
            name: "JoinGroup",
            versions: VersionRange::new(0, 9),
            latest_stable: 9,
            flexible_from: Some(6),
        },
        ApiInfo {
            key: Self(12),
            name: "Heartbeat",
            versions: VersionRange::new(0, 4),
            latest_stable: 4,
            flexible_from: Some(4),
        },
        ApiInfo {
            key: Self(13),
            name: "LeaveGroup",
            versions: VersionRange::new(0, 5),
            latest_stable: 5,
            flexible_from: Some(4),
        },
        ApiInfo {
            key: Self(14),
            name: "SyncGroup",
            versions: VersionRange::new(0, 5),
            latest_stable: 5,
            flexible_from: Some(4),
        },
        ApiInfo {
            key: Self(15),
            name: "DescribeGroups",
            versions: VersionRange::new(0, 6),
            latest_stable: 6,
            flexible_from: Some(5),
        },
        ApiInfo {
            key: Self(16),
            name: "ListGroups",
            versions: VersionRange::new(0, 5),
            latest_stable: 5,
            flexible_from: Some(3),
        },
        ApiInfo {
            key: Self(17),
            name: "SaslHandshake",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: None,
        },
        ApiInfo {
            key: Self(18),
            name: "ApiVersions",
            versions: VersionRange::new(0, 4),
            latest_stable: 4,
            flexible_from: Some(3),
        },
        ApiInfo {
            key: Self(19),
            name: "CreateTopics",
            versions: VersionRange::new(0, 7),
            latest_stable: 7,
            flexible_from: Some(5),
        },
        ApiInfo {
            key: Self(20),
            name: "DeleteTopics",
            versions: VersionRange::new(0, 6),
            latest_stable: 6,
            flexible_from: Some(4),
        },
        ApiInfo {
            key: Self(21),
            name: "DeleteRecords",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(22),
            name: "InitProducerId",
            versions: VersionRange::new(0, 6),
            latest_stable: 5,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(23),
            name: "OffsetForLeaderEpoch",
            versions: VersionRange::new(0, 4),
            latest_stable: 4,
            flexible_from: Some(4),
        },
        ApiInfo {
            key: Self(24),
            name: "AddPartitionsToTxn",
            versions: VersionRange::new(0, 5),
            latest_stable: 5,
            flexible_from: Some(3),
        },
        ApiInfo {
            key: Self(25),
            name: "AddOffsetsToTxn",
            versions: VersionRange::new(0, 4),
            latest_stable: 4,
            flexible_from: Some(3),
        },
        ApiInfo {
            key: Self(26),
            name: "EndTxn",
            versions: VersionRange::new(0, 5),
            latest_stable: 5,
            flexible_from: Some(3),
        },
        ApiInfo {
            key: Self(27),
            name: "WriteTxnMarkers",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(1),
        },
        ApiInfo {
            key: Self(28),
            name: "TxnOffsetCommit",
            versions: VersionRange::new(0, 5),
            latest_stable: 5,
            flexible_from: Some(3),
        },
        ApiInfo {
            key: Self(29),
            name: "DescribeAcls",
            versions: VersionRange::new(0, 3),
            latest_stable: 3,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(30),
            name: "CreateAcls",
            versions: VersionRange::new(0, 3),
            latest_stable: 3,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(31),
            name: "DeleteAcls",
            versions: VersionRange::new(0, 3),
            latest_stable: 3,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(32),
            name: "DescribeConfigs",
            versions: VersionRange::new(0, 4),
            latest_stable: 4,
            flexible_from: Some(4),
        },
        ApiInfo {
            key: Self(33),
            name: "AlterConfigs",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(34),
            name: "AlterReplicaLogDirs",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(35),
            name: "DescribeLogDirs",
            versions: VersionRange::new(0, 5),
            latest_stable: 5,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(36),
            name: "SaslAuthenticate",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(37),
            name: "CreatePartitions",
            versions: VersionRange::new(0, 3),
            latest_stable: 3,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(38),
            name: "CreateDelegationToken",
            versions: VersionRange::new(0, 3),
            latest_stable: 3,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(39),
            name: "RenewDelegationToken",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(40),
            name: "ExpireDelegationToken",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(41),
            name: "DescribeDelegationToken",
            versions: VersionRange::new(0, 3),
            latest_stable: 3,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(42),
            name: "DeleteGroups",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(43),
            name: "ElectLeaders",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(2),
        },
        ApiInfo {
            key: Self(44),
            name: "IncrementalAlterConfigs",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(1),
        },
        ApiInfo {
            key: Self(45),
            name: "AlterPartitionReassignments",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(46),
            name: "ListPartitionReassignments",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(47),
            name: "OffsetDelete",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: None,
        },
        ApiInfo {
            key: Self(48),
            name: "DescribeClientQuotas",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(1),
        },
        ApiInfo {
            key: Self(49),
            name: "AlterClientQuotas",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(1),
        },
        ApiInfo {
            key: Self(50),
            name: "DescribeUserScramCredentials",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(51),
            name: "AlterUserScramCredentials",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(52),
            name: "Vote",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(53),
            name: "BeginQuorumEpoch",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(1),
        },
        ApiInfo {
            key: Self(54),
            name: "EndQuorumEpoch",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(1),
        },
        ApiInfo {
            key: Self(55),
            name: "DescribeQuorum",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(56),
            name: "AlterPartition",
            versions: VersionRange::new(0, 3),
            latest_stable: 3,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(57),
            name: "UpdateFeatures",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(58),
            name: "Envelope",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(59),
            name: "FetchSnapshot",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(60),
            name: "DescribeCluster",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(61),
            name: "DescribeProducers",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(62),
            name: "BrokerRegistration",
            versions: VersionRange::new(0, 4),
            latest_stable: 4,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(63),
            name: "BrokerHeartbeat",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(64),
            name: "UnregisterBroker",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(65),
            name: "DescribeTransactions",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(66),
            name: "ListTransactions",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(67),
            name: "AllocateProducerIds",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(68),
            name: "ConsumerGroupHeartbeat",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(69),
            name: "ConsumerGroupDescribe",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(70),
            name: "ControllerRegistration",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(71),
            name: "GetTelemetrySubscriptions",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(72),
            name: "PushTelemetry",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(73),
            name: "AssignReplicasToDirs",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(74),
            name: "ListConfigResources",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(75),
            name: "DescribeTopicPartitions",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(76),
            name: "ShareGroupHeartbeat",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(77),
            name: "ShareGroupDescribe",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(78),
            name: "ShareFetch",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(79),
            name: "ShareAcknowledge",
            versions: VersionRange::new(0, 2),
            latest_stable: 2,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(80),
            name: "AddRaftVoter",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(81),
            name: "RemoveRaftVoter",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(82),
            name: "UpdateRaftVoter",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(83),
            name: "InitializeShareGroupState",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(84),
            name: "ReadShareGroupState",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(85),
            name: "WriteShareGroupState",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(86),
            name: "DeleteShareGroupState",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(87),
            name: "ReadShareGroupStateSummary",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(88),
            name: "StreamsGroupHeartbeat",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(89),
            name: "StreamsGroupDescribe",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(90),
            name: "DescribeShareGroupOffsets",
            versions: VersionRange::new(0, 1),
            latest_stable: 1,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(91),
            name: "AlterShareGroupOffsets",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
        ApiInfo {
            key: Self(92),
            name: "DeleteShareGroupOffsets",
            versions: VersionRange::new(0, 0),
            latest_stable: 0,
            flexible_from: Some(0),
        },
    ];
}
