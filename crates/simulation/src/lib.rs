//! ottla's machines joined to the mock cluster under virtual time and a seed
