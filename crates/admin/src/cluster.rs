//! Describing the cluster: DescribeCluster where brokers have it (2.8 and later), Metadata before.

use bytes::Bytes;
use ottla_core::call::{Progress, Target};
use ottla_core::error::{Error, ErrorKind, Result};
use ottla_core::retry;
use ottla_core::versions::Versions;
use ottla_protocol::messages::{DescribeClusterRequest, DescribeClusterResponse, MetadataRequest, MetadataResponse};
use ottla_types::BrokerId;

use crate::call::{Ask, Encoded, decoded, encoded, refused};

/// A cluster as one of its brokers sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterDescription {
    /// The cluster's id; none from brokers before 0.10.1.
    pub cluster_id: Option<String>,
    /// The controller. A KRaft cluster names any of its brokers, as clients cannot reach the controllers themselves.
    pub controller: Option<BrokerId>,
    /// The brokers that are alive, by id.
    pub brokers: Vec<BrokerDescription>,
}

/// A broker that is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokerDescription {
    /// Its id.
    pub id: BrokerId,
    /// Its advertised host name or address.
    pub host: String,
    /// Its advertised port.
    pub port: u16,
    /// Its rack, where set.
    pub rack: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct DescribeCluster {
    by_metadata: bool,
    answer: Option<ClusterDescription>,
}

impl Ask for DescribeCluster {
    type Answer = ClusterDescription;

    fn target(&self) -> Target {
        Target::Any
    }

    fn encode(&mut self, versions: &Versions, client_id: Option<&str>) -> Result<Encoded> {
        if let Ok(version) = versions.pick::<DescribeClusterRequest>() {
            self.by_metadata = false;
            return encoded(&DescribeClusterRequest::default(), version, client_id);
        }
        self.by_metadata = true;
        let version = versions.pick::<MetadataRequest>()?;
        // No topics; version 0 has no way to say so and lists them all.
        encoded(&MetadataRequest { topics: Some(Vec::new()), ..Default::default() }, version, client_id)
    }

    fn read(&mut self, version: i16, body: &Bytes) -> Result<Progress> {
        if self.by_metadata {
            let response = decoded::<MetadataResponse>(version, body)?;
            self.answer = Some(ClusterDescription {
                cluster_id: response.cluster_id.map(String::from),
                controller: some(response.controller_id),
                brokers: brokers(response.brokers.into_iter().map(|b| (b.node_id, b.host, b.port, b.rack)))?,
            });
            return Ok(Progress::Done);
        }
        let response = decoded::<DescribeClusterResponse>(version, body)?;
        let code = response.error_code;
        let verdict = retry::verdict(code);
        if verdict.is_retriable() {
            return Ok(Progress::Again(verdict));
        }
        if !code.is_ok() {
            return Err(refused(code, "describing the cluster", response.error_message.as_deref()));
        }
        self.answer = Some(ClusterDescription {
            cluster_id: Some(response.cluster_id.into()),
            controller: some(response.controller_id),
            brokers: brokers(response.brokers.into_iter().map(|b| (b.broker_id, b.host, b.port, b.rack)))?,
        });
        Ok(Progress::Done)
    }

    fn conclude(self, result: Result<()>) -> Result<ClusterDescription> {
        result.map_err(|error| error.within("describing the cluster"))?;
        self.answer.ok_or_else(|| Error::new(ErrorKind::Internal, "describing the cluster ended without an answer"))
    }
}

/// −1 is Kafka's "none".
fn some(broker: BrokerId) -> Option<BrokerId> {
    (broker.0 >= 0).then_some(broker)
}

fn brokers<S: Into<String>>(
    from: impl Iterator<Item = (BrokerId, S, i32, Option<S>)>,
) -> Result<Vec<BrokerDescription>> {
    let one = |(id, host, port, rack): (BrokerId, S, i32, Option<S>)| {
        let port = u16::try_from(port)
            .map_err(|_| Error::new(ErrorKind::Malformed, format!("broker {id} is said to listen on port {port}")))?;
        Ok(BrokerDescription { id, host: host.into(), port, rack: rack.map(Into::into) })
    };
    let mut brokers = from.map(one).collect::<Result<Vec<_>>>()?;
    brokers.sort_by_key(|broker| broker.id);
    Ok(brokers)
}

#[cfg(test)]
mod tests;
