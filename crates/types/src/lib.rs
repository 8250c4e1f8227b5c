//! Ids, error codes and small values that every public interface of ottla shares
